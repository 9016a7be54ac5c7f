import socket


def run_client(arguments, lines, timeout):
    """(exit status, answers, complaint) of a client of the echo server that the arguments name."""
    if len(arguments) != 2 or not is_port(arguments[1]):
        return 2, [], "usage: client.py HOST PORT"  # 2: called wrongly; nothing was tried
    host, port = arguments
    answers = []  # outside the try: what was answered counts, also when the next line fails
    try:
        with socket.create_connection((host, int(port)), timeout) as sock:
            # newline="\n": a text file would take a \r for a line's end too
            with sock.makefile("r", encoding="utf-8", newline="\n") as file:
                for line in lines:
                    sock.sendall(line.encode() + b"\n")
                    answers.append(read_line(file))
    except (OSError, EOFError, UnicodeError) as error:  # UnicodeError: a name that cannot be looked up
        return 1, answers, explain(error, host, port)
    return 0, answers, ""  # 0 only where all went well: other programs go by it


def is_port(text):
    """Whether it is a number from 1 to 65535; int() would take '8_0' and ' 80' as well."""
    return text.isascii() and text.isdecimal() and 0 < int(text) < 65536


def read_line(file):
    """The next line. Less than a whole one is the server's early end."""
    line = file.readline()
    if not line.endswith("\n"):
        raise EOFError
    return line[:-1]


def explain(error, host, port):
    """A sentence for a person: what to mend, not what the kernel said."""
    match error:  # the special ones first: gaierror is an OSError, UnicodeDecodeError a UnicodeError
        case UnicodeDecodeError():
            return f"{host} port {port} answered what is not UTF-8 text"
        case socket.gaierror() | UnicodeError():
            return f"there is no host called {host!r}"
        case ConnectionRefusedError():
            return f"nothing listens at {host} port {port}: is the server running?"
        case TimeoutError():
            return f"{host} port {port} gave no answer in time"
        case EOFError():
            return f"{host} port {port} ended before it had answered every line"
    return f"{host} port {port}: {error.strerror}"  # strerror: the text without its number
