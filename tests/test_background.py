"""background() and until(): real sockets, real threads, an order that is forced and not slept for."""

import concurrent.futures
import linecache
import os
import signal
import socket
import sys
import threading
import time
import types

import pytest

from labsupport import background, tidying, until
from labsupport.background import FUTEX, BackgroundCall, _Look
from labsupport.waiting import readable

LINUX = sys.platform.startswith("linux")


@pytest.fixture(autouse=True)
def nothing_left():
    before = set(threading.enumerate())
    yield
    tidying.tidy()
    until(lambda: set(threading.enumerate()) <= before)


@pytest.fixture
def listener():
    with socket.create_server(("127.0.0.1", 0)) as sock:
        yield sock


@pytest.fixture
def pair(listener):
    with socket.create_connection(listener.getsockname()) as client, listener.accept()[0] as server:
        yield client, server


def test_it_returns_what_the_call_returns(pair):
    client, server = pair
    call = background(client.recv, 1024)
    assert (call.name, call.done, call.state, repr(call)) == (
        "recv",
        False,
        "waiting in recv",
        "recv(1024): waiting",
    )
    assert call.socket is client
    assert call.thread.name == "labsupport-background-recv"
    server.sendall(b"hello")
    assert call.result() == b"hello"
    assert (call.done, call.state, repr(call)) == (True, "returned", "recv(1024): returned")
    took = call.elapsed
    assert 0 < took == call.elapsed


@pytest.mark.skipif(not LINUX, reason="/proc tells where a thread waits")
def test_it_comes_back_when_the_thread_is_blocked_in_its_call(pair):
    client, _ = pair
    call = background(client.recv, 1)
    with open(f"/proc/self/task/{call.thread.native_id}/syscall") as file:
        number = file.read().split()[0]
    assert number not in ("running", "-1", FUTEX)
    call.cancel()


@pytest.mark.skipif(not LINUX, reason="/proc tells where a thread waits")
def test_a_thread_that_waits_for_the_interpreter_is_not_taken_for_blocked():
    stop = threading.Event()

    def spin():
        while not stop.is_set():
            pass

    threads = [threading.Thread(target=spin, daemon=True) for _ in range(2)]
    for thread in threads:
        thread.start()
    look = _Look(threads[0].native_id)
    end = time.monotonic() + 10 * sys.getswitchinterval()
    seen = []
    while time.monotonic() < end:
        seen.append(look.blocked())
    stop.set()
    assert seen and not any(seen)


def test_a_look_that_takes_long_is_one_look(monkeypatch):
    """Between two lines of it any time can go by, on a busy machine; that is not the thread's sleep."""
    times = iter(range(100))
    clock = types.SimpleNamespace(monotonic=lambda: next(times))
    monkeypatch.setattr(sys.modules[_Look.__module__], "time", clock)
    look = _Look(0)
    look._read = {"syscall": f"{FUTEX} 0x1", "status": "voluntary_ctxt_switches:\t5"}.get
    assert not look.blocked() and look.blocked()


def test_a_call_that_has_its_answer_is_done_when_background_returns(pair):
    client, server = pair
    server.sendall(b"hello")
    until(lambda: client.recv(5, socket.MSG_PEEK) == b"hello")
    assert background(client.recv, 5).done


def test_other_callables_with_arguments():
    call = background(lambda a, *, b: a + b, 1, b=2)
    assert call.result() == 3
    assert call.socket is None
    event = threading.Event()
    call = background(event.wait, 10)
    assert not call.done
    event.set()
    assert call.result() is True


def test_what_the_thread_raises_is_raised_where_the_learner_looks_and_printed_nowhere(pair, capfd):
    client, server = pair
    call = background(client.recv, 1024)
    server.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")
    server.close()
    with pytest.raises(ConnectionResetError) as raised:
        call.result()
    assert any(entry.name == "_run" for entry in raised.traceback)
    assert call.state == "raised ConnectionResetError"
    assert repr(call) == "recv(1024): raised ConnectionResetError (ECONNRESET)"
    with pytest.raises(ConnectionResetError):
        call.result()
    assert capfd.readouterr() == ("", "")


def test_even_system_exit_is_kept(capfd):
    call = background(sys.exit, 3)
    with pytest.raises(SystemExit):
        call.result()
    assert capfd.readouterr() == ("", "")


def test_a_result_that_does_not_come_in_time_says_what_is_waited_for(listener):
    call = background(listener.accept)
    with pytest.raises(
        TimeoutError, match=r"accept\(\) still waits after 0.01 s, in the thread labsupport-background-acc"
    ):
        call.result(timeout=0.01)
    assert not call.done
    call.close()


def tcp_listener():
    return socket.create_server(("127.0.0.1", 0)), "accept", ()


def unix_listener(tmp_path):
    sock = socket.socket(socket.AF_UNIX)
    sock.bind(str(tmp_path / "s"))
    sock.listen()
    return sock, "accept", ()


def udp():
    return socket.socket(socket.AF_INET, socket.SOCK_DGRAM), "recvfrom", (10,)


def udp_bound():
    sock, *rest = udp()
    sock.bind(("127.0.0.1", 0))
    return sock, *rest


def udp_connected():
    sock, *_ = udp()
    sock.connect(("127.0.0.1", 9))
    return sock, "recv", (10,)


def stream_pair():
    sock, other = socket.socketpair()
    return sock, "recv", (10,), other


def datagram_pair():
    sock, other = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
    return sock, "recv_into", (bytearray(10),), other


def nobody_reads():
    sock, other = socket.socketpair()
    return sock, "sendall", (bytes(10_000_000),), other


def a_full_queue():
    server = socket.create_server(("127.0.0.1", 0), backlog=0)
    address = server.getsockname()
    first = socket.create_connection(address)
    readable([server])  # the first one's last ACK has come: it is in the queue
    return socket.socket(), "connect", (address,), server, first


KINDS = [tcp_listener, udp, udp_bound, udp_connected, stream_pair, datagram_pair, nobody_reads, a_full_queue]


@pytest.mark.skipif(not LINUX, reason="elsewhere not every kind can be freed")
@pytest.mark.parametrize("timeout", [None, 60])
@pytest.mark.parametrize("kind", [*KINDS, unix_listener])
def test_cancel_frees_the_thread(kind, timeout, tmp_path):
    sock, name, arguments, *others = kind(tmp_path) if kind is unix_listener else kind()
    sock.settimeout(timeout)
    call = background(getattr(sock, name), *arguments)
    assert not call.done
    assert call.cancel() is True
    assert not call.thread.is_alive() or until(lambda: not call.thread.is_alive())
    assert call.state == "cancelled"
    assert repr(call).endswith("): cancelled, its socket was shut down (spent)")
    with pytest.raises(
        concurrent.futures.CancelledError, match="its socket was shut down; that socket is spent"
    ):
        call.result()
    assert call.cancel() is True
    for each in (sock, *others):
        each.close()


@pytest.mark.skipif(not LINUX, reason="a signal and /proc")
@pytest.mark.parametrize("timeout", [None, 60])
def test_a_call_whose_socket_was_closed_under_it_is_freed_too(listener, timeout):
    listener.settimeout(timeout)
    call = background(listener.accept)
    listener.close()
    assert not call.done  # close does not wake it
    before = signal.getsignal(signal.SIGURG)
    assert call.cancel() is True
    assert signal.getsignal(signal.SIGURG) == before
    assert "had been closed" in repr(call)


def test_a_call_that_is_done_has_nothing_to_cancel(pair):
    client, server = pair
    server.sendall(b"x")
    call = background(client.recv, 1)
    call.result()
    assert call.cancel() is False
    server.sendall(b"y")
    assert client.recv(1) == b"y"


def test_another_callable_cannot_be_freed_and_the_thread_is_named():
    event = threading.Event()
    call = background(event.wait, 10)
    assert call.cancel() is False
    assert call.state == "waiting in wait (the thread labsupport-background-wait cannot be freed)"
    assert "labsupport-background-wait" in repr(call)
    event.set()
    assert call.result() is True


def test_the_context_of_a_lesson_is_tidied(listener):
    call = background(listener.accept)
    assert repr(tidying.tidy()) == "closed: 1 call"
    assert call.state == "cancelled"
    assert repr(tidying.tidy()) == "nothing was left open"


def interrupt_when_main_waits():
    """SIGINT, once the main thread is seen to sleep in a call's result.

    Not before that: one that comes while a destructor runs is shown, and raises nowhere.
    """
    main = threading.main_thread()
    look = _Look(main.native_id)

    def in_result():
        frame = sys._current_frames()[main.ident]
        while frame and frame.f_code is not BackgroundCall.result.__code__:
            frame = frame.f_back
        return frame is not None and look.blocked()

    until(in_result, timeout=20)
    os.kill(os.getpid(), signal.SIGINT)


@pytest.mark.skipif(not LINUX, reason="/proc tells where a thread waits")
def test_an_interrupt_gives_control_back(listener):
    call = background(listener.accept)
    killer = threading.Thread(target=interrupt_when_main_waits)
    with pytest.raises(KeyboardInterrupt):
        killer.start()
        call.result(timeout=60)
    killer.join()
    assert not call.done
    call.cancel()


@pytest.mark.parametrize("wrong", [None, 3, b"", "accept"])
def test_what_cannot_be_called_is_refused(wrong):
    with pytest.raises(TypeError, match="sock.accept without"):
        background(wrong)


@pytest.mark.parametrize("timeout", [-1, float("nan"), float("inf")])
def test_a_timeout_that_is_no_duration(timeout):
    call = background(int)
    with pytest.raises(ValueError, match="seconds"):
        call.result(timeout)
    with pytest.raises(ValueError, match="seconds"):
        until(lambda: True, timeout)


@pytest.mark.parametrize("timeout", [None, "5", True])
def test_a_timeout_of_the_wrong_type(timeout):
    with pytest.raises(TypeError, match="number of seconds"):
        until(lambda: True, timeout)


def test_many_calls_at_once_are_each_entered(listener):
    calls = [background(listener.accept) for _ in range(20)]
    clients = [socket.create_connection(listener.getsockname()) for _ in calls]
    accepted = [call.result()[0] for call in calls]
    assert {sock.getpeername() for sock in accepted} == {client.getsockname() for client in clients}
    for sock in accepted + clients:
        sock.close()


def test_it_draws_itself_as_text_at_least():
    call = background(int)
    call.result()
    bundle = call._repr_mimebundle_()
    data = bundle[0] if isinstance(bundle, tuple) else bundle
    assert data["text/plain"] == repr(call) == "int(): returned"


def test_until_gives_the_true_value():
    answers = iter([0, "", None, "yes"])
    assert until(lambda: next(answers)) == "yes"
    assert until(lambda: 1, timeout=0) == 1


def test_until_names_what_was_awaited():
    three = 3
    with pytest.raises(TimeoutError, match=r"^not so after 0.01 s: three == 4 or three == 5$"):
        until(lambda: three == 4 or
              three == 5, timeout=0.01)  # fmt: skip
    with pytest.raises(TimeoutError, match=r": never_true$"):
        until(never_true, timeout=0)
    pair_of = (lambda: three == 6, lambda: three == 7)
    with pytest.raises(TimeoutError, match=r": three == 7$"):
        until(pair_of[1], timeout=0)


def never_true():
    return False


def test_until_raises_what_its_condition_raises():
    with pytest.raises(ZeroDivisionError):
        until(lambda: 1 / 0)


def test_until_needs_a_condition():
    with pytest.raises(TypeError, match="lambda: call.done"):
        until(True)


def test_until_names_a_lambda_of_a_notebook_cell():
    source = "until(lambda: 1 > 2, timeout=0)"
    linecache.cache["<cell 1>"] = (len(source), None, [source], "<cell 1>")
    with pytest.raises(TimeoutError, match=": 1 > 2$"):
        exec(compile(source, "<cell 1>", "exec"), {"until": until})
    del linecache.cache["<cell 1>"]


def test_an_accepted_socket_that_nobody_will_ask_for_is_closed(listener):
    # cancel comes between the kernel's answer and the thread's last line: the call counts as cancelled
    call = BackgroundCall(listener.accept, (), {})
    call._cancelled, call._how = True, "was shut down"
    with socket.create_connection(listener.getsockname()) as client:
        until(lambda: call.done)
        client.settimeout(5)
        assert client.recv(1) == b""
