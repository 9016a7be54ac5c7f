"""The exercises of 01, creating a socket."""

from __future__ import annotations

import os
import random
import socket

from labsupport.exercises.channel import There
from labsupport.exercises.exercise import Exercise
from labsupport.exercises.nb01_narrow import narrow
from labsupport.exercises.outcome import Hung, Wrong, describe
from labsupport.exercises.trial import needs_ipv6

KINDS = {
    "tcp": (socket.AF_INET, socket.SOCK_STREAM),
    "udp": (socket.AF_INET, socket.SOCK_DGRAM),
    "tcp6": (socket.AF_INET6, socket.SOCK_STREAM),
    "unix": (getattr(socket, "AF_UNIX", None), socket.SOCK_STREAM),
}
UNKNOWN = ("tcp4", "udp6", "TCP", "tcp ", "", "UNSPEC", None)
MOST = 1 << 20  # bytes of the longest message that `speak` is given
LONGEST = 2000  # bytes of the longest datagram that goes through; macOS lets 2048 through
TOO_LONG = 4 << 20  # bytes of one that no system's settings let through


# --- open_socket ----------------------------------------------------------------------------------


def _asked_for(kind):
    """A case: that kind is asked for."""

    def case(trial):
        outcome = trial.run(kind)
        _is_new(outcome, trial.made(outcome.socket(when=f"for {kind!r}")), kind)
        outcome.clean()

    return case


def _is_new(outcome, sock, kind):
    """Raises Wrong unless `sock` is of the kind, and as the kernel makes it."""
    family, form = KINDS[kind]
    for found, wanted in ((sock.family, family), (sock.type, form)):
        if found != wanted:
            raise outcome.wrong(f'For "{kind}" you made a socket of {found.name}; it takes {wanted.name}.')
    used = next((said for said, is_so in _USES.items() if is_so(sock)), None)
    if used:
        raise outcome.wrong(f'For "{kind}" you returned a socket that {used}; a new one was asked for.')
    if sock.timeout_was is not None or not os.get_blocking(sock.fileno()):
        raise outcome.wrong(
            f'For "{kind}" you returned a socket that does not block: it has a timeout, or is not to wait.'
        )


def _listens(sock):
    return sock.type == socket.SOCK_STREAM and sock.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN)


def _is_connected(sock):
    try:
        sock.getpeername()
    except OSError:
        return False
    return True


def _is_bound(sock):
    name = sock.getsockname()
    return bool(name[1] if isinstance(name, tuple) else name)


_USES = {"listens": _listens, "is connected": _is_connected, "has an address (it was bound)": _is_bound}


def _again(trial):
    socks = []
    for _ in range(2):
        outcome = trial.run("tcp")
        if describe(outcome.returned()) == "a closed socket":
            raise outcome.wrong(
                "Asked again for the same kind, you returned the socket that you had made before, and its "
                "caller had closed it; a new one was asked for."
            )
        socks.append(trial.made(outcome.socket(when="for 'tcp'")))
        outcome.clean()
    for sock in socks:
        _is_new(outcome, sock, "tcp")


def _no_such_kind(trial):
    for kind in UNKNOWN:
        outcome = trial.run(kind)
        outcome.raised("ValueError", instead=f"{_quoted(kind)} is none of the four kinds")
        outcome.clean(f"asked for {_quoted(kind)}")


def _quoted(kind):
    return "None" if kind is None else f'"{kind}"'


OPEN_SOCKET = Exercise(
    name="open_socket",
    notebook="01",
    asks="A new socket of the kind that is named; ValueError for any other name, and nothing left open.",
    cases=(
        _asked_for("tcp"),
        _asked_for("udp"),
        needs_ipv6(_asked_for("tcp6")),
        _asked_for("unix"),
        _again,
        _no_such_kind,
    ),
    hints=(
        "A kind is a family and a type: both stand under *The call*; leave the protocol out.",
        'A dict can hold the pairs: {"tcp": (socket.AF_INET, socket.SOCK_STREAM), …}. Keep pairs in it, not '
        "sockets: those would all be made, whichever is asked for.",
        "Look first whether the kind is known, and raise ValueError there, before any socket is made.",
        "`return socket.socket(*KINDS[kind])`: the star hands the pair over as two arguments. No `with`: "
        "the caller gets the socket open.",
    ),
    beyond="it would try another family where the machine lacks one, IPv6 above all.",
)


# --- speak ----------------------------------------------------------------------------------------


def _short(trial):
    _through(trial, b"hello", "5 bytes")


def _every_byte(trial):
    _through(trial, b"one\n\x00two\r\n" + bytes(range(256)), "266 bytes, newlines and zeros among them")


def _empty(trial):
    _through(trial, b"", "an empty message", "nothing was sent, so nothing was there to read")


def _some_more(trial):
    for length in (4096, 65_537):
        _through(trial, _noise(length), f"{length} bytes")


def _much(trial):
    _through(trial, _noise(MOST), "1 MiB")


def _noise(length):
    return random.Random(1).randbytes(length)


def _through(trial, message, said, because="nothing was left to read, and the sending end was still open"):
    """The message arrives, by way of a pair of sockets, and both are closed."""
    try:
        outcome = trial.run(There(narrow, message), deadline=3)
    except Hung as hung:
        raise _stuck(hung, said, because) from None
    value = outcome.returned()
    if message:
        _by_a_pair(outcome)
    if value != message or not isinstance(value, bytes):
        raise outcome.wrong(_other_message(value, message, said))
    outcome.clean()


def _stuck(hung, said, because):
    """What kept the two ends of a pair from ending, as a Wrong."""
    where = hung.blocked or ""
    blocked = f"With {said}, it was blocked in `{where}` when its time was over"
    if where.startswith("recv"):
        return Wrong(f"{blocked}: {because}.", hung.timeline)
    if where.startswith("send"):
        kept = "that is more than the kernel keeps for the other end, and nobody read there"
        return Wrong(f"{blocked}: {kept}.", hung.timeline)
    return Wrong(f"With {said}: {str(hung)[0].lower()}{str(hung)[1:]}", hung.timeline)


_WITH_ADDRESS = "bind", "connect", "connect_ex", "sendto"


def _by_a_pair(outcome):
    """Raises Wrong where no sockets were used, or an address was."""
    if not {"socket", "socketpair"} & set(outcome.called):
        raise outcome.wrong(
            "You returned without having made a socket: what was sent is to go through a pair of them."
        )
    named = next((name for name in _WITH_ADDRESS if name in outcome.called), None)
    if named:
        raise outcome.wrong(f"You called `{named}`, which takes an address: two ends can be had without any.")


def _other_message(value, message, said):
    if not isinstance(value, bytes):
        return f"You returned {describe(value)}, and bytes were asked for."
    if message.startswith(value):
        return f"Of {said} you returned the beginning alone: the other end had more to read."
    return f"Of {said} you returned others than were sent: {describe(value)}."


SPEAK = Exercise(
    name="speak",
    notebook="01",
    asks="Send `message` through a pair of connected sockets, return what arrived, and close both.",
    cases=(_short, _every_byte, _empty, _some_more, _much),
    hints=(
        "`socket.socketpair()` gives both ends, connected; `with left, right:` closes both in any case.",
        "The kernel keeps some bytes for an end that does not read, but not a million: `sendall` of the "
        "whole message waits until somebody reads, and nobody does while you wait.",
        "Send a piece of 4096 bytes, read, send the next: then there is always room. Count what has "
        "arrived: when it is as long as the message, you are done, and an empty one is done at once.",
        "`send` says how many bytes it took: `sent += left.send(message[sent : sent + 4096])`, then "
        "`received += right.recv(4096)`, while `len(received) < len(message)`.",
    ),
    beyond="it would bound how long it waits, and let each end go on when that end is ready.",
)


# --- keep_boundaries ------------------------------------------------------------------------------


def _three(trial):
    _apart(trial, [b"one", b"two", b"three"], "three messages")


def _same(trial):
    _apart(trial, [b"ab", b"ab", b"a", b"b"], "four messages")


def _with_empty(trial):
    _apart(trial, [b"", b"one", b"", b"", b"two", b""], "six messages, four of them empty")
    _apart(trial, [b""], "one empty message")


def _none(trial):
    _apart(trial, [], "no message")


def _long(trial):
    messages = [_noise(LONGEST), b"short", _noise(LONGEST - 1)]
    _apart(trial, messages, "a long message, a short one and a long one")


def _many(trial):
    _apart(trial, [_noise(LONGEST)[number:] for number in range(500)], "500 messages")


def _too_long(trial):
    outcome = trial.run([b"one", bytes(TOO_LONG)])
    outcome.raised("OSError", instead="the second message is too long for a datagram", errno="EMSGSIZE")
    outcome.clean("after a message too long for a datagram")


def _apart(trial, messages, said):
    """The messages arrive each on its own, and both sockets are closed."""
    because = "no datagram was there" + (
        " (an empty message leaves nothing to read in a stream)" if b"" in messages else ""
    )
    try:
        outcome = trial.run(messages)
    except Hung as hung:
        raise _stuck(hung, said, because) from None
    value = outcome.returned()
    if messages:
        _by_a_pair(outcome)
    if value != messages or not isinstance(value, list):
        raise outcome.wrong(_other_messages(value, messages, said))
    outcome.clean()


def _other_messages(value, messages, said):
    """What became of the messages, in words."""
    if not isinstance(value, list) or not all(isinstance(message, bytes) for message in value):
        return f"You returned {describe(value)}, and a list of bytes was asked for."
    if value == [message for message in messages if message]:
        return f"Of {said} the empty ones are missing: an empty datagram is a message too."
    if value == messages[: len(value)]:
        stopped = ": an empty one is not the end, as it is in a stream" if messages[len(value)] == b"" else ""
        return f"Of {said} you returned the first {len(value)} alone{stopped}."
    for sent, came in zip(messages, value):
        if came != sent and sent.startswith(came):
            return (
                f"A datagram of {len(sent)} bytes came back cut to {len(came)}: "
                "what `recv` has no room for is thrown away."
            )
    if b"".join(value) == b"".join(messages):
        return f"Of {said} you returned {len(value)} with all their bytes: a stream keeps none apart."
    return f"Of {said} you returned {describe(value)}."


KEEP_BOUNDARIES = Exercise(
    name="keep_boundaries",
    notebook="01",
    asks="Send each of `messages` as a datagram through a pair of sockets; return the list of what arrived.",
    cases=(_three, _same, _with_empty, _none, _long, _many, _too_long),
    hints=(
        "`socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)`: the type keeps the boundaries.",
        "The kernel keeps only so many datagrams for an end that does not read; then `send` waits. So read "
        "each before you send the next.",
        "One message, one datagram, one `recv`: count the messages, and do not look at what is in them. "
        "b'' is a message here, and not the end.",
        f"`recv({LONGEST})` is enough room; with less, the rest of a datagram is lost. `with left, right:` "
        "closes both also when `send` raises.",
    ),
    beyond="it would number its datagrams: between two machines they get lost, doubled and out of order.",
)

EXERCISES = (OPEN_SOCKET, SPEAK, KEEP_BOUNDARIES)
