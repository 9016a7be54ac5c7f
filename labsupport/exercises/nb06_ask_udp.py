"""ask_udp, of 06: a question and its answer in datagrams, either of which may be lost."""

from __future__ import annotations

import contextlib
import errno
import threading
import time

from labsupport.background import until
from labsupport.exercises.exercise import Exercise
from labsupport.exercises.guard import waits
from labsupport.exercises.learner import DEADLINE
from labsupport.exercises.outcome import Hung, describe
from labsupport.exercises.trial import needs_ipv6

REQUEST, ANSWER = b"what time is it?", b"noon"
LONG = bytes(range(250)) * 240  # 60,000 bytes; 65,507 are the most that a datagram over IPv4 carries
MOST = 65_535  # bytes: more than any datagram
AMPLE = 1.5  # seconds: the timeout where the answer comes
SHORT = 0.1  # … where the case is about waiting in vain
SOME = 0.2  # … and where something comes while it waits
LATE = 1.5  # seconds beyond its timeout that a call on a busy machine may take
MANY = 15  # tries: more than the check needs, also on a busy machine
AGAIN = 3  # times that a case is played where the check itself came late


def _answered(trial):
    _one_exchange(trial, trial.udp(), ANSWER, "The server answered at once")


def _empty(trial):
    why = "an empty datagram is a datagram like any other, and here it is the answer"
    _one_exchange(trial, trial.udp(), b"", "The answer was empty", why)


def _long(trial):
    _one_exchange(trial, trial.udp(), LONG, "The answer had 60,000 bytes")


@needs_ipv6
def _ipv6(trial):
    why = (
        "`recvfrom` gives a sender of IPv6 as four values, which never equal the two that you were given; "
        "compare with what `getaddrinfo` gave"
    )
    _one_exchange(trial, trial.udp("::1"), ANSWER, "The server's address was one of IPv6", why)


def _one_exchange(trial, server, answer, when, why=""):
    call = trial.call(server.getsockname()[:2], REQUEST, AMPLE, 1)
    request, source = _request(call, server, f"{when[0].lower()}{when[1:]}")
    server.sendto(answer, source)
    outcome = _got(call, answer, when, why)
    if request != REQUEST:
        raise outcome.wrong(f"What you sent is not the request as you were given it: {describe(request)}.")
    outcome.clean()


def _by_name(trial):
    """`localhost`: a server sits at whichever of its addresses is asked."""
    servers = _both_families(trial)
    call = trial.call(("localhost", servers[0].getsockname()[1]), REQUEST, AMPLE, 1)
    with contextlib.suppress(TimeoutError):
        until(lambda: any(map(waits, servers)) or not call.running, DEADLINE)
    server = next(filter(waits, servers), servers[0])
    _, source = _request(call, server, "the address held a name")
    server.sendto(ANSWER, source)
    why = (
        "`recvfrom` gives the sender in numbers, which never equal a name; "
        "compare with what `getaddrinfo` gave, or connect the socket"
    )
    _got(call, ANSWER, "The address held a name", why)


def _both_families(trial):
    """A server at 127.0.0.1, and where that can be had one at the same port of ::1."""
    for _ in range(20):
        v4 = trial.udp()
        try:
            return [v4, trial.udp("::1", v4.getsockname()[1])]
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                break
    return [v4]


def _request_lost(trial):
    server = trial.udp()
    call = trial.call(server.getsockname(), REQUEST, SHORT, MANY)
    _request(call, server)
    lost = f"the first request was lost, and {MANY} tries of 0.1 s were asked for"
    request, source = _request(call, server, lost)
    server.sendto(ANSWER, source)
    outcome = _got(call, ANSWER, "The first request was lost, and the second answered")
    if request != REQUEST:
        raise outcome.wrong(f"The second time you sent something else than the request: {describe(request)}.")


def _late_answer(trial):
    """To the first request, when the second has come: to the socket that sent the first."""
    server = trial.udp()
    call = trial.call(server.getsockname(), REQUEST, SHORT, MANY)
    _, first = _request(call, server)
    _, second = _request(call, server, "no answer came within the timeout of 0.1 s")
    if first != second:
        raise trial.wrong(
            "Each try had a socket of its own: the answer to the first request came during the second try, "
            "and its socket was no longer there."
        )
    server.sendto(ANSWER, first)
    _got(call, ANSWER, "The answer to the first request came during the second try")


def _nobody_answers(trial):
    server = trial.udp()
    outcome = trial.run(server.getsockname(), REQUEST, SHORT, 3, during="three tries of 0.1 s were over")
    outcome.raised("TimeoutError", instead="no answer came in three tries")
    _waited(outcome, 3 * SHORT, "Nobody answered")
    _sent(outcome, server, 3)
    outcome.clean("where no answer comes")


def _refused(trial):
    """A socket that is connected elsewhere has the port, so that ICMP answers, and nobody else gets it."""
    holder = trial.udp()
    holder.connect(holder.getsockname())
    for _ in range(2):  # one call alone may seem to have waited where it had no processor
        outcome = trial.run(holder.getsockname(), REQUEST, SHORT, 2, during="two tries of 0.1 s were over")
        outcome.raised(
            "TimeoutError", instead="an ICMP message said that nobody is there, which counts as no answer yet"
        )
        when = "An ICMP message said that nobody is there, which counts as no answer yet"
        _waited(outcome, 2 * SHORT, when)
        outcome.clean("where the port is refused")


def _from_elsewhere(trial):
    server = trial.udp()
    host, port = server.getsockname()
    call = trial.call((host, port), REQUEST, AMPLE, 2)
    _, source = _request(call, server)
    for stranger in _strangers(trial, port):
        stranger.sendto(b"midnight", source)
    server.sendto(ANSWER, source)
    outcome = _got(
        call, ANSWER, "Datagrams came from elsewhere, then the answer", "one from elsewhere uses up no try"
    )
    if waits(server):
        raise outcome.wrong("A datagram came from elsewhere, and you sent the request again at once.")


def _strangers(trial, port):
    """One with another port, and where there is a second address one with the same port."""
    yield trial.udp()
    try:
        other = trial.udp("127.0.0.2", port)
    except OSError:  # macOS has 127.0.0.1 alone
        return
    yield other


def _late_from_elsewhere(trial):
    """In the middle of each try; prolonged is what waits anew from there, and only where every try does."""
    for _ in range(AGAIN):
        outcome, waited = _after_strangers(trial)
        anew = [seconds > 0.95 * SOME for seconds in waited]
        if len(anew) > 1 and len(set(anew)) == 1:  # else one of them has come late somewhere
            break
    outcome.raised("TimeoutError", instead="datagrams came from elsewhere, and no answer")
    if anew and all(anew):
        raise outcome.wrong(
            "A datagram from elsewhere prolonged the wait: after it you waited for the whole timeout "
            "once more, not for what was left of it."
        )


def _after_strangers(trial):
    """(the outcome, how long it waited after each datagram from elsewhere that came within a try)."""
    server, stranger, waited = trial.udp(), trial.udp(), []
    call = trial.call(server.getsockname(), REQUEST, SOME, 4)
    _, source = _request(call, server)
    for _ in range(3):
        time.sleep(SOME / 2)
        came = time.monotonic()
        stranger.sendto(b"midnight", source)
        begun = waits(server)
        _, source = _request(call, server, "a datagram came from elsewhere, and no answer")
        seconds = time.monotonic() - came
        if not begun and seconds > SOME / 4:  # else the try was over, or all but over: nothing is to be seen
            waited.append(seconds)
    return call.outcome(during=f"four tries of {SOME:g} s were over"), waited


def _much_from_elsewhere(trial):
    """More often than the timeout is long: who begins to wait anew at each one never ends."""
    for _ in range(AGAIN):
        server, outcome, pause = _beside_a_flood(trial)
        if pause < SOME:  # else it may have ended there
            break
    outcome.raised("TimeoutError", instead="many datagrams came from elsewhere, and no answer")
    _waited(outcome, 2 * SOME, "Datagrams from elsewhere kept coming")
    _sent(outcome, server, 2, already=1)


def _beside_a_flood(trial):
    """(the server, the outcome, the longest pause between two datagrams from elsewhere)."""
    server, stranger, over = trial.udp(), trial.udp(), threading.Event()
    call = trial.call(server.getsockname(), REQUEST, SOME, 2)
    _, source = _request(call, server)
    flood = trial.script(_flood, stranger, source, over, time.monotonic() - call.age)
    try:
        outcome = call.outcome()
    except Hung:
        raise trial.wrong(
            "Datagrams from elsewhere kept coming, and your wait never ended: it began anew with each."
        ) from None
    finally:
        over.set()
    return server, outcome, flood.result()


def _flood(stranger, target, over, last):
    """The longest pause between two, in seconds; `last`: when the one before the first would have been."""
    longest = 0
    while not over.wait(0.02):
        began = time.monotonic()
        stranger.sendto(b"midnight", target)
        longest, last = max(longest, time.monotonic() - last), began
    return longest


def _too_long(trial):
    server = trial.udp()
    outcome = trial.run(server.getsockname(), bytes(70_000), SHORT, 3)
    instead = "the request had 70,000 bytes, more than a datagram holds"
    outcome.raised("OSError", errno="EMSGSIZE", instead=instead)
    outcome.clean("where the request is too long")


def _request(call, server, when="the server waited for a request"):
    """(request, its sender), the next one. Raises Wrong where none comes; `when`: a clause for that."""
    with contextlib.suppress(TimeoutError):
        until(lambda: waits(server) or not call.running, DEADLINE)
    if waits(server):
        return server.recvfrom(MOST)
    outcome = call.outcome(during=when)
    value = outcome.returned(f"where {when}")
    raise outcome.wrong(f"You returned {describe(value)} and sent no request, where {when}.")


def _got(call, answer, when, why=""):
    """The outcome. Raises Wrong where it is not `answer`; `why`: a clause for a function that gave up."""
    outcome = call.outcome(AMPLE + LATE, "the answer had come")
    if why and outcome.error and "TimeoutError" in outcome.error["kinds"]:
        raise outcome.wrong(f"{when}; you waited on and gave up: {why}.")
    value = outcome.returned(f"where {when[0].lower()}{when[1:]}")
    if value == answer:
        return outcome
    if value == b"midnight":
        raise outcome.wrong(
            "You took a datagram from elsewhere for the answer: anybody can send one to your port."
        )
    if isinstance(value, bytes) and answer.startswith(value):
        raise outcome.wrong(
            f"{when}; you returned {len(value):,}: `recv` and `recvfrom` cut a datagram at the size "
            "that you give them, and the rest is gone."
        )
    if type(value) is tuple and value[:1] == (answer,):
        raise outcome.wrong("You returned all that `recvfrom` gives, and the answer alone was asked for.")
    raise outcome.wrong(f"{when}; you returned {describe(value)}, and {describe(answer)} was the answer.")


def _waited(outcome, seconds, when):
    """Raises Wrong where it gave up before that many seconds."""
    if outcome.elapsed < 0.9 * seconds:
        raise outcome.wrong(f"{when}; you gave up before each try had waited for its whole timeout.")


def _sent(outcome, server, tries, already=0):
    """Raises Wrong where the function did not send `tries` times."""
    count = already
    while waits(server):
        server.recv(MOST)
        count += 1
    if count != tries:
        raise outcome.wrong(f"You were to send {tries} times in all, and sent {count}.")


ASK_UDP = Exercise(
    name="ask_udp",
    notebook="06",
    asks="The answer to `request` from that address; asked again after each `timeout`, `tries` times in all.",
    cases=(
        _answered,
        _empty,
        _long,
        _request_lost,
        _nobody_answers,
        _from_elsewhere,
        _much_from_elsewhere,
        _late_from_elsewhere,
        _refused,
        _late_answer,
        _by_name,
        _ipv6,
        _too_long,
    ),
    hints=(
        "One socket for all tries, made by what `getaddrinfo(*address, type=SOCK_DGRAM)` gives first. Two "
        "loops: the outer one for the tries, the inner one for what comes during one.",
        "A try has a deadline, `time.monotonic() + timeout`. Before each `recvfrom`: "
        "`settimeout` to what is left of it.",
        "Compare the sender that `recvfrom` gives with the address that `getaddrinfo` gave, or let the "
        "kernel do it: a connected socket takes datagrams from its peer alone.",
        "`TimeoutError` from `recvfrom` ends the inner loop, not the function; on a connected socket "
        "ConnectionRefusedError ends neither. After the outer loop: `raise TimeoutError`.",
    ),
    beyond=(
        "it would put a random number into each request and look for it in the answer, since a sender's "
        "address is easily forged, wait longer after each try, and ask the name's other addresses, too."
    ),
)
