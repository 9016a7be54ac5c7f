# === right: a text file over the socket
def recv_lines(sock):
    with sock.makefile("r", encoding="utf-8", newline="\n") as lines:
        for line in lines:
            yield line.removesuffix("\n")


# === right: one byte at a time
def recv_lines(sock):
    line = bytearray()
    while byte := sock.recv(1):
        if byte == b"\n":
            yield line.decode("utf-8")
            line.clear()
        else:
            line += byte
    if line:
        yield line.decode("utf-8")


# === right: a decoder that keeps odd bytes
import codecs


def recv_lines(sock):
    decoder = codecs.getincrementaldecoder("utf-8")()
    text = ""
    while True:
        piece = sock.recv(1000)
        text += decoder.decode(piece, final=not piece)
        while "\n" in text:
            line, _, text = text.partition("\n")
            yield line
        if not piece:
            break
    if text:
        yield text


# === right: a class
class Lines:
    def __init__(self, sock):
        self.sock, self.data, self.ended = sock, b"", False

    def __iter__(self):
        return self

    def __next__(self):
        while b"\n" not in self.data and not self.ended:
            piece = self.sock.recv(4096)
            self.ended = not piece
            self.data += piece
        if not self.data:
            raise StopIteration
        line, _, self.data = self.data.partition(b"\n")
        return line.decode()


def recv_lines(sock):
    return Lines(sock)


# === right: readline of a binary file
def recv_lines(sock):
    with sock.makefile("rb") as file:
        for line in iter(file.readline, b""):
            yield line.rstrip(b"\n").decode()


# === wrong: the reference's one recv ==> ended while the connection was open
def recv_lines(sock):
    for line in sock.recv(1024).decode().splitlines():
        yield line


# === wrong: a list, when all is there ==> blocked in `recv` .* the line had come, whole, and you had not yielded it
def recv_lines(sock):
    data = b""
    while piece := sock.recv(4096):
        data += piece
    lines = data.decode().split("\n")
    return lines if lines[-1] else lines[:-1]


# === wrong: reads it all first ==> blocked in `recv` .* the line had come, whole, and you had not yielded it
def recv_lines(sock):
    data = b""
    while piece := sock.recv(4096):
        data += piece
    yield from data.decode().splitlines()


# === wrong: prints instead of yielding ==> You returned None, and a generator was asked for
def recv_lines(sock):
    waiting = b""
    while piece := sock.recv(4096):
        *lines, waiting = (waiting + piece).split(b"\n")
        for line in lines:
            print(line.decode())


# === wrong: one piece is one line ==> you yielded \["tea\\n3 €\\n"\]: a line is asked for without its newline
def recv_lines(sock):
    while piece := sock.recv(4096):
        yield piece.decode()


# === wrong: decodes each piece ==> You decoded a piece by itself, and one character of several bytes lay in two pieces
def recv_lines(sock):
    waiting = ""
    while piece := sock.recv(4096):
        *lines, waiting = (waiting + piece.decode()).split("\n")
        yield from lines
    if waiting:
        yield waiting


# === wrong: a byte is a character ==> You decoded a piece by itself, and one character
def recv_lines(sock):
    line = ""
    while character := sock.recv(1).decode():
        if character == "\n":
            yield line
            line = ""
        else:
            line += character
    if line:
        yield line


# === wrong: a text file without newline= ==> you yielded \["a", "b", "last"\]: only `\\n` ends a line here; .* a text file
def recv_lines(sock):
    with sock.makefile("r", encoding="utf-8") as lines:
        for line in lines:
            yield line.rstrip("\n")


# === wrong: keeps the newlines ==> a line is asked for without its newline
def recv_lines(sock):
    yield from sock.makefile("r", encoding="utf-8", newline="\n")


# === wrong: forgets a last line without newline ==> you yielded \["one"\]: what is there when the stream ends
def recv_lines(sock):
    waiting = b""
    while piece := sock.recv(4096):
        *lines, waiting = (waiting + piece).split(b"\n")
        for line in lines:
            yield line.decode()


# === wrong: always a last line ==> you yielded \["tea", "3 €", ""\]: the newline ends the last line, and no other
def recv_lines(sock):
    waiting = b""
    while piece := sock.recv(4096):
        *lines, waiting = (waiting + piece).split(b"\n")
        for line in lines:
            yield line.decode()
    yield waiting.decode()


# === wrong: puts a piece's beginning on a line of its own ==> you yielded \["thr"\]: what `recv` gives is a piece of the stream
def recv_lines(sock):
    while piece := sock.recv(4096):
        for line in piece.split(b"\n"):
            if line:
                yield line.decode(errors="replace")


# === wrong: bytes ==> you yielded \[b"tea", b"3 .*\]: lines of text, str, were asked for
def recv_lines(sock):
    waiting = b""
    while piece := sock.recv(4096):
        *lines, waiting = (waiting + piece).split(b"\n")
        yield from lines
    if waiting:
        yield waiting


# === wrong: strips ==> blanks and `\\r` at a line's ends are content
def recv_lines(sock):
    for line in sock.makefile("r", encoding="utf-8", newline="\n"):
        yield line.strip()


# === wrong: strips the end ==> blanks and `\\r` at a line's ends are content
def recv_lines(sock):
    for line in sock.makefile("r", encoding="utf-8", newline="\n"):
        yield line.rstrip()


# === wrong: splitlines, with the rest kept ==> you yielded \["a", "b", "last"\]: only `\\n` ends a line here; `splitlines`
import codecs


def recv_lines(sock):
    decoder = codecs.getincrementaldecoder("utf-8")()
    text = ""
    while piece := sock.recv(4096):
        text += decoder.decode(piece)
        *lines, text = text.split("\n")
        for line in lines:
            yield from line.splitlines() or [""]
    if text:
        yield text


# === wrong: an empty line ends it ==> you yielded \[\]: an empty line is not the end of the stream
def recv_lines(sock):
    with sock.makefile("r", encoding="utf-8", newline="\n") as lines:
        while line := lines.readline().rstrip("\n"):
            yield line


# === wrong: leaves empty lines out ==> an empty line is a line
def recv_lines(sock):
    with sock.makefile("r", encoding="utf-8", newline="\n") as lines:
        for line in lines:
            if line := line.removesuffix("\n"):
                yield line


# === wrong: ignores what is no UTF-8 ==> bytes that are no UTF-8: UnicodeDecodeError was to be raised; you returned
def recv_lines(sock):
    waiting = b""
    while piece := sock.recv(4096):
        *lines, waiting = (waiting + piece).split(b"\n")
        for line in lines:
            yield line.decode(errors="ignore")
    if waiting:
        yield waiting.decode(errors="ignore")


# === wrong: the decoder is not told of the end ==> half a character: UnicodeDecodeError was to be raised; you returned
import codecs


def recv_lines(sock):
    decoder = codecs.getincrementaldecoder("utf-8")()
    text = ""
    while piece := sock.recv(4096):
        *lines, text = (text + decoder.decode(piece)).split("\n")
        yield from lines
    if text:
        yield text


# === wrong: takes a reset for the end ==> reset the connection within the second line: ConnectionResetError was to be raised
def recv_lines(sock):
    waiting = b""
    while True:
        try:
            piece = sock.recv(4096)
        except ConnectionResetError:
            piece = b""
        if not piece:
            break
        *lines, waiting = (waiting + piece).split(b"\n")
        for line in lines:
            yield line.decode()
    if waiting:
        yield waiting.decode()


# === wrong: takes a timeout for the end ==> A line and a half came, .* TimeoutError was to be raised; you returned
def recv_lines(sock):
    waiting = b""
    try:
        while piece := sock.recv(4096):
            *lines, waiting = (waiting + piece).split(b"\n")
            for line in lines:
                yield line.decode()
    except TimeoutError:
        pass
    if waiting:
        yield waiting.decode()


# === wrong: the end of the stream is not noticed ==> going round .* `recv` returned b''.* again and again
def recv_lines(sock):
    waiting = b""
    while True:
        *lines, waiting = (waiting + sock.recv(4096)).split(b"\n")
        for line in lines:
            yield line.decode()


# === wrong: closes at the end ==> closes the socket that it was given
def recv_lines(sock):
    with sock, sock.makefile("r", encoding="utf-8", newline="\n") as lines:
        for line in lines:
            yield line.removesuffix("\n")

# === equivalent: 4096: one more ==> how much it asks for at most does not matter
