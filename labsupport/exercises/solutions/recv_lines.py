def recv_lines(sock):
    """Yield the UTF-8 lines that come from `sock`, each as soon as it is whole."""
    waiting = b""  # what has come and has no newline yet; bytes, since a character may be cut, too
    while piece := sock.recv(4096):  # b"" is the end of the stream, and ends the loop
        *lines, waiting = (waiting + piece).split(b"\n")  # only \n; splitlines() knows many more ends
        for line in lines:  # one piece may end none, one or many
            yield line.decode()  # a whole line has whole characters: no other one of UTF-8 has b"\n" in it
    if waiting:  # a last line without newline; after a newline there is nothing, and no line
        yield waiting.decode()
