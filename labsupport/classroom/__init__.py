"""For a room of learners: the class's own server, its board, the ready check, the collecting of progress."""
