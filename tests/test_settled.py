"""Calls of several threads in an order of their own: the same story for every interleaving."""

import random
from dataclasses import dataclass, field

import pytest

from labsupport.settled import BACKGROUND, settle, thread_rank


@dataclass(eq=False)
class Lane:
    name: str
    stream: bool = True
    peer: object = None
    local: object = None

    def __repr__(self):
        return self.name


@dataclass(eq=False)
class Call:
    thread: str
    lane: Lane
    name: str
    amount: int | None = None
    end: bool = False
    target: Lane | None = None
    new: Lane | None = None
    error: str | None = None
    peek: bool = False
    address: object = None
    opening: bool = False
    anchored: bool = False
    began: int = 0
    ended: int | None = None
    after: list = field(default_factory=list)  # calls that must really have returned before this one returns


def replay(threads, choose):
    """Number the begins and returns of `threads` as one scheduler might: `choose` picks who is next."""
    left = {
        name: [step for call in calls for step in (("began", call), ("ended", call))]
        for name, calls in threads.items()
    }
    order, done = 0, set()
    while any(left.values()):
        able = [
            name
            for name, steps in left.items()
            if steps and (steps[0][0] == "began" or all(id(other) in done for other in steps[0][1].after))
        ]
        kind, call = left[choose(able)].pop(0)
        setattr(call, kind, order)
        if kind == "ended":
            done.add(id(call))
        order += 1


def story(threads):
    calls = sorted((call for calls in threads.values() for call in calls), key=lambda call: call.began)
    told = settle(calls, {name: name for name in threads})
    return [f"{call.thread}: {call.lane}.{call.name} {kind}" for kind, call in told]


def echo_conversation(server_thread, anchored):
    """main connects, sends, receives, closes; another thread accepts and echoes until the end."""
    listener, client, server = Lane("listener"), Lane("client"), Lane("server")
    client.peer, server.peer = server, client
    connect = Call("main", client, "connect")
    sent = Call("main", client, "sendall", 5, target=server)
    accept = Call(
        server_thread, listener, "accept", new=server, opening=True, anchored=anchored, after=[connect]
    )
    got = Call(server_thread, server, "recv", 5, after=[sent])
    echoed = Call(server_thread, server, "sendall", 5, target=client)
    back = Call("main", client, "recv", 5, after=[echoed])
    closed = Call("main", client, "close", target=server)
    end = Call(server_thread, server, "recv", 0, end=True, after=[closed])
    over = Call(server_thread, server, "close", target=client)
    return {"main": [connect, sent, back, closed], server_thread: [accept, got, echoed, end, over]}


@pytest.mark.parametrize("thread", ["Thread-7 (serve)", BACKGROUND + "serve"])
def test_every_interleaving_tells_the_same_story(thread):
    chance, stories = random.Random(8), set()
    for _ in range(300):
        threads = echo_conversation(thread, False)
        replay(threads, chance.choice)
        stories.add("\n".join(story(threads)))
    assert len(stories) == 1


def test_a_story_reads_as_it_was_caused():
    threads = echo_conversation("serve", False)
    replay(threads, lambda able: able[-1])
    assert story(threads) == [
        "main: client.connect began",
        "main: client.connect returned",
        "main: client.sendall began",
        "main: client.sendall returned",
        "main: client.recv began",
        "serve: listener.accept began",
        "serve: listener.accept returned",
        "serve: server.recv began",
        "serve: server.recv returned",
        "serve: server.sendall began",
        "serve: server.sendall returned",
        "main: client.recv returned",
        "serve: server.recv began",
        "main: client.close began",
        "main: client.close returned",
        "serve: server.recv returned",
        "serve: server.close began",
        "serve: server.close returned",
    ]


def test_a_background_call_stands_where_it_was_started():
    threads = echo_conversation(BACKGROUND + "accept", True)
    order = iter([BACKGROUND + "accept"])
    replay(threads, lambda able: next(order, None) or able[0])
    assert story(threads)[0] == f"{BACKGROUND}accept: listener.accept began"


def test_a_call_that_never_returned_has_only_its_begin():
    lane = Lane("sock")
    waiting = Call("main", lane, "recv", began=0)
    assert settle([waiting], {"main": "main"}) == [("began", waiting)]
    assert settle([], {}) == []


def test_datagrams_are_counted_whole():
    one, two = Lane("one", stream=False), Lane("two", stream=False)
    first, second = Call("serve", one, "sendto", 3, target=two), Call("serve", one, "sendto", 5, target=two)
    got = [Call("main", two, "recvfrom", 1, after=[first]), Call("main", two, "recvfrom", 5, after=[second])]
    threads = {"main": got, "serve": [first, second]}
    replay(threads, lambda able: able[0])
    told = story(threads)
    assert told.index("serve: one.sendto returned") < told.index("main: two.recvfrom returned")


def test_even_what_contradicts_itself_is_told_whole():
    """Two calls that each seem to wait for the other (bytes counted wrong): the real order decides."""
    one, two = Lane("one"), Lane("two")
    one.peer, two.peer = two, one
    a, b = Call("a", one, "recv", 5), Call("b", two, "recv", 5)
    later = [Call("a", one, "send", 5, target=two), Call("b", two, "send", 5, target=one)]
    threads = {"a": [a, later[0]], "b": [b, later[1]]}
    replay(threads, lambda able: able[0])
    assert len(story(threads)) == 8


def test_threads_stand_in_the_order_they_were_made():
    names = ["Thread-10 (work)", "Thread-9 (work)", BACKGROUND + "accept", "main"]
    ranked = sorted(names, key=lambda name: thread_rank(name, name == "main", 0))
    assert ranked == ["main", BACKGROUND + "accept", "Thread-9 (work)", "Thread-10 (work)"]


def test_a_connect_stands_after_the_listen_that_it_found():
    listener, client = Lane("listener", local=("0.0.0.0", 5000)), Lane("client")
    listen = Call("server", listener, "listen", opening=True, began=0, ended=1)
    connect = Call("main", client, "connect", address=("127.0.0.1", 5000), opening=True, began=2, ended=3)
    told = settle([listen, connect], {"main": "main", "server": "server"})
    assert [(kind, call.name) for kind, call in told] == [
        ("began", "listen"),
        ("returned", "listen"),
        ("began", "connect"),
        ("returned", "connect"),
    ]
    connect.error = "ConnectionRefusedError"  # whom it did not find says nothing
    assert settle([listen, connect], {"main": "main", "server": "server"})[0] == ("began", connect)
