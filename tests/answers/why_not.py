# === right: getaddrinfo and connect, written out
import errno
import socket

WORDS = {
    errno.ECONNREFUSED: "refused",
    errno.ETIMEDOUT: "no answer",
    errno.ENETUNREACH: "unreachable",
    errno.EHOSTUNREACH: "unreachable",
}


def why_not(address, timeout):
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(*address, type=socket.SOCK_STREAM)[0]
    except socket.gaierror:
        return "no such name"
    sock = socket.socket(family, kind, protocol)
    try:
        sock.settimeout(timeout)
        sock.connect(address)
    except socket.timeout:
        return "no answer"
    except OSError as error:
        if error.errno not in WORDS:
            raise
        return WORDS[error.errno]
    finally:
        sock.close()
    return "connected"


# === right: without blocking, select and SO_ERROR
import errno
import os
import select
import socket


def why_not(address, timeout):
    try:
        answers = socket.getaddrinfo(address[0], address[1], 0, socket.SOCK_STREAM)
    except socket.gaierror:
        return "no such name"
    with socket.socket(answers[0][0], socket.SOCK_STREAM) as sock:
        sock.setblocking(False)
        code = sock.connect_ex(answers[0][4])
        if code == errno.EINPROGRESS:
            if not select.select([], [sock], [], timeout)[1]:
                return "no answer"
            code = sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
    if code in (errno.ENETUNREACH, errno.EHOSTUNREACH):
        return "unreachable"
    if code not in (0, errno.ECONNREFUSED):
        raise OSError(code, os.strerror(code))
    return "refused" if code else "connected"


# === right: match on the error
import errno
import socket


def word(error):
    match error:
        case socket.gaierror():
            return "no such name"
        case ConnectionRefusedError():
            return "refused"
        case TimeoutError():
            return "no answer"
        case OSError(errno=errno.ENETUNREACH | errno.EHOSTUNREACH):
            return "unreachable"
    return None


def why_not(address, timeout):
    try:
        sock = socket.create_connection(address, timeout=timeout)
    except OSError as error:
        if (said := word(error)) is None:
            raise
        return said
    sock.close()
    return "connected"


# === right: asyncio
import asyncio
import errno
import socket


async def ask(address, timeout):
    try:
        _, writer = await asyncio.wait_for(asyncio.open_connection(*address), timeout)
    except socket.gaierror:
        return "no such name"
    except ConnectionRefusedError:
        return "refused"
    except (TimeoutError, asyncio.TimeoutError):
        return "no answer"
    except OSError as error:
        if error.errno in (errno.ENETUNREACH, errno.EHOSTUNREACH):
            return "unreachable"
        raise
    writer.close()
    await writer.wait_closed()
    return "connected"


def why_not(address, timeout):
    return asyncio.run(ask(address, timeout))


# === wrong: as the reference connects, with no timeout and no close ==> It works, and where it is connected it never closes a socket \(`sock`\)
import socket


def why_not(address, timeout):
    sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        sock.connect(address)
        return "connected"
    except ConnectionRefusedError:
        return "refused"


# === wrong: no timeout ==> blocked in `connect` .* nothing answered the SYN, and your timeout was 0.2 s
import errno
import socket


def why_not(address, timeout):
    try:
        with socket.create_connection(address):
            return "connected"
    except socket.gaierror:
        return "no such name"
    except ConnectionRefusedError:
        return "refused"
    except TimeoutError:
        return "no answer"
    except OSError as error:
        if error.errno in (errno.ENETUNREACH, errno.EHOSTUNREACH):
            return "unreachable"
        raise


# === wrong: closes only what connected ==> connection is refused it (never closes|leaves) a socket \(`sock`\)
import socket


def why_not(address, timeout):
    sock = socket.socket()
    sock.settimeout(timeout)
    try:
        sock.connect(address)
    except ConnectionRefusedError:
        return "refused"
    except TimeoutError:
        return "no answer"
    sock.close()
    return "connected"


# === wrong: the general error first ==> RST.*: that is "refused"; you returned "unreachable"
import socket


def why_not(address, timeout):
    try:
        with socket.create_connection(address, timeout):
            return "connected"
    except OSError:
        return "unreachable"
    except ConnectionRefusedError:
        return "refused"
    except TimeoutError:
        return "no answer"


# === wrong: every other error is unreachable ==> firewall .*EPERM.*: PermissionError was to be raised; you returned "unreachable"
import socket


def why_not(address, timeout):
    try:
        with socket.create_connection(address, timeout):
            return "connected"
    except socket.gaierror:
        return "no such name"
    except ConnectionRefusedError:
        return "refused"
    except TimeoutError:
        return "no answer"
    except OSError:
        return "unreachable"


# === wrong: one errno of the two ==> EHOSTUNREACH
import errno
import socket


def why_not(address, timeout):
    try:
        with socket.create_connection(address, timeout):
            return "connected"
    except socket.gaierror:
        return "no such name"
    except ConnectionRefusedError:
        return "refused"
    except TimeoutError:
        return "no answer"
    except OSError as error:
        if error.errno == errno.ENETUNREACH:
            return "unreachable"
        raise


# === wrong: IPv4 alone ==> IPv6 address, and you did not reach it: a socket of AF_INET has IPv4 alone
import errno
import socket


def why_not(address, timeout):
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as sock:
        sock.settimeout(timeout)
        try:
            sock.connect(address)
        except socket.gaierror:
            return "no such name"
        except ConnectionRefusedError:
            return "refused"
        except TimeoutError:
            return "no answer"
        except OSError as error:
            if error.errno in (errno.ENETUNREACH, errno.EHOSTUNREACH):
                return "unreachable"
            raise
        return "connected"


# === wrong: connect_ex, whose EAGAIN is not known ==> raised EAGAIN, which is what `connect_ex` returns
import errno
import os
import socket


def why_not(address, timeout):
    try:
        family, *_, address = socket.getaddrinfo(*address, type=socket.SOCK_STREAM)[0]
    except socket.gaierror:
        return "no such name"
    with socket.socket(family) as sock:
        sock.settimeout(timeout)
        code = sock.connect_ex(address)
    if code == 0:
        return "connected"
    if code == errno.ECONNREFUSED:
        return "refused"
    if code == errno.ETIMEDOUT:
        return "no answer"
    if code in (errno.ENETUNREACH, errno.EHOSTUNREACH):
        return "unreachable"
    raise OSError(code, os.strerror(code))


# === wrong: a patience of its own ==> gave up before `timeout`, 1.25 s, was over
import errno
import socket


def why_not(address, timeout):
    try:
        with socket.create_connection(address, 0.5):
            return "connected"
    except socket.gaierror:
        return "no such name"
    except ConnectionRefusedError:
        return "refused"
    except TimeoutError:
        return "no answer"
    except OSError as error:
        if error.errno in (errno.ENETUNREACH, errno.EHOSTUNREACH):
            return "unreachable"
        raise


# === wrong: prints instead of returning ==> you returned None, and "connected" is the word for it
import socket


def why_not(address, timeout):
    try:
        with socket.create_connection(address, timeout):
            print("connected")
    except ConnectionRefusedError:
        print("refused")
    except TimeoutError:
        print("no answer")


# === wrong: a name that does not exist is not caught ==> It raised gaierror.* where the name has no address
import errno
import socket


def why_not(address, timeout):
    try:
        with socket.create_connection(address, timeout):
            return "connected"
    except ConnectionRefusedError:
        return "refused"
    except TimeoutError:
        return "no answer"
    except OSError as error:
        if error.errno in (errno.ENETUNREACH, errno.EHOSTUNREACH):
            return "unreachable"
        raise


# === wrong: sets the timeout of every socket ==> every socket that the program makes from now on has your timeout
import errno
import socket


def why_not(address, timeout):
    socket.setdefaulttimeout(timeout)
    try:
        with socket.create_connection(address):
            return "connected"
    except socket.gaierror:
        return "no such name"
    except ConnectionRefusedError:
        return "refused"
    except TimeoutError:
        return "no answer"
    except OSError as error:
        if error.errno in (errno.ENETUNREACH, errno.EHOSTUNREACH):
            return "unreachable"
        raise


# === wrong: takes a literal for the only kind of address ==> localhost
import errno
import ipaddress
import socket


def why_not(address, timeout):
    try:
        ipaddress.ip_address(address[0])
        with socket.create_connection(address, timeout):
            return "connected"
    except ValueError:
        return "no such name"
    except ConnectionRefusedError:
        return "refused"
    except TimeoutError:
        return "no answer"
    except OSError as error:
        if error.errno in (errno.ENETUNREACH, errno.EHOSTUNREACH):
            return "unreachable"
        raise
