"""Live views: settled where they are stored, gone when nothing is watched, and never in the learner's way."""

from __future__ import annotations

import gc
import os
import re
import socket
import sys
import threading
import warnings
import weakref

import pytest

from labsupport import EchoServer, Visitor, background, observe, predict, tidy, until, watch
from labsupport.widgets import (
    bundle,
    call_bundle,
    controls,
    paths,
    report_bundle,
    snapshot_bundle,
    timeline_bundle,
)
from labsupport.widgets.sampler import NAME

WIDGET = bundle.WIDGET


@pytest.fixture(autouse=True)
def nothing_left():
    yield
    tidy()
    assert sampler_threads() == []


@pytest.fixture
def server():
    with EchoServer() as server:
        yield server


@pytest.fixture
def client(server):
    with socket.create_connection(server.address) as client:
        yield client


def sampler_threads():
    return [thread for thread in threading.enumerate() if thread.name == NAME]


def cards(view):
    """The live cards' SVG, as the page has it."""
    view.widget
    return [card.value for card in view._cards]


# What is stored


def test_the_text_tells_the_way_from_what_was_displayed(server):
    with socket.socket() as client:
        view = watch(client)
        assert repr(view) == "client  no address   CLOSED"
        client.connect(server.address)
        client.sendall(b"hello")
        until(lambda: observe(client).recv_queue == 5)
        way = "(CLOSED → (SYN-SENT) → ESTABLISHED)"
        established = f"client  127.0.0.1 → 127.0.0.1   ESTABLISHED   {way}   sent 5, received 5"
        assert repr(view) == established
        assert repr(watch(client)) == established
        client.shutdown(socket.SHUT_WR)
        until(lambda: observe(client).state == "TIME-WAIT")
        assert "(CLOSED → (SYN-SENT) → ESTABLISHED → … → TIME-WAIT)" in repr(view)


def test_what_the_sampler_saw_is_in_the_live_card_and_not_in_the_stored_one(server):
    listener = socket.create_server(("127.0.0.1", 0))
    with listener, socket.create_connection(listener.getsockname()) as client:
        peer, _ = listener.accept()
        view = watch(peer)
        assert "(CLOSED → (LISTEN) → (SYN-RECEIVED) → ESTABLISHED)" in repr(view)
        client.close()
        until(lambda: observe(peer).state == "CLOSE-WAIT")
        view.refresh()
        peer.close()
        until(lambda: observe(peer).state == "CLOSED")
        text = repr(view)
        assert "ESTABLISHED → … → CLOSED" in text
        assert "CLOSE-WAIT" in " ".join(state for state, _ in view.eyes[0].live().path)


def test_the_stored_picture_and_text_are_the_same_for_other_ports_and_descriptors():
    def shown():
        with EchoServer() as server, socket.create_connection(server.address) as client:
            client.sendall(b"hello")
            until(lambda: server.bytes_sent == 5 and observe(client).recv_queue == 5)
            data, _ = watch(client, server)._repr_mimebundle_()
            return data["text/plain"], data["image/svg+xml"]

    first = shown()
    with open(os.devnull), open(os.devnull):
        assert shown() == first
    assert not re.search(r"\b\d{4,5}\b(?!\.)", first[0])


def test_a_server_with_its_log(server, client):
    client.sendall(b"hello")
    until(lambda: server.bytes_sent == 5)
    assert repr(watch(server)) == (
        "server  EchoServer on 127.0.0.1   1 connection, received 5, sent 5\n"
        "       listening\n"
        "    1  accepted\n"
        "    1  received 5, sent 5"
    )


def test_what_the_program_waits_for_is_said(server, client):
    call = background(client.recv, 1024)
    view = watch(client)
    assert repr(view).endswith("waits in recv(1024)")
    assert "waits in recv(1024)" in cards(view)[0]
    client.sendall(b"x")
    call.result()
    until(lambda: "waits" not in cards(view)[0])
    assert "waits" not in repr(view)


def test_a_listener_and_a_visitor():
    with (
        socket.create_server(("127.0.0.1", 0), backlog=5) as listener,
        Visitor(listener.getsockname(), "connect") as guest,
    ):
        guest.wait()
        view = watch(listener, guest)
        assert repr(view).splitlines()[0] == "listener  127.0.0.1   LISTEN   (CLOSED → LISTEN)"
        assert repr(view).splitlines()[1].startswith("guest  visitor: connect")
        assert "accept queue" in cards(view)[0] and "1 connection waiting" in cards(view)[0]


def test_udp_and_unix_sockets(tmp_path):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind(("127.0.0.1", 0))
        assert repr(watch(sock)) == "sock  UDP socket, 127.0.0.1"
    with EchoServer(path=str(tmp_path / "echo.sock")) as server, socket.socket(socket.AF_UNIX) as local:
        local.connect(server.address)
        assert repr(watch(local)) == "local  Unix stream socket, no address → echo.sock"


def test_a_mimebundle_has_text_picture_and_widget(client):
    data, _ = watch(client)._repr_mimebundle_()
    assert set(data) == {"text/plain", "image/svg+xml", WIDGET}
    assert data[WIDGET]["model_id"]


# Names and arguments


def test_labels_are_the_callers_names(server):
    def inner():
        mine = socket.create_connection(server.address)
        with mine:
            return [eye.label for eye in watch(mine, server).eyes]

    assert inner() == ["mine", "server"]


def test_a_socket_without_a_name_is_a_socket(server):
    with socket.create_connection(server.address) as client:
        holder = [client]
        del client
        assert repr(watch(holder[0])).startswith("socket  127.0.0.1")


def test_given_labels_stand(client, server):
    assert [eye.label for eye in watch(client, server, labels=["a", "b"]).eyes] == ["a", "b"]


def test_bad_arguments_are_refused_at_once(client):
    with pytest.raises(ValueError, match="something to watch"):
        watch()
    with pytest.raises(TypeError, match="sockets, servers, visitors, hosts or background calls, not float"):
        watch(3.0)
    with pytest.raises(TypeError, match="looks a second"):
        watch(client, rate="often")
    for rate in (0, 1001, float("nan")):
        with pytest.raises(ValueError, match="from 1 to 1000"):
            watch(client, rate=rate)
    with pytest.raises(ValueError, match="as many as"):
        watch(client, labels=["a", "b"])
    never = socket.socket()
    never.close()
    with pytest.raises(ValueError, match="closed"):
        watch(never)


# The sampler


def test_a_live_card_follows_without_being_asked(client):
    view = watch(client)
    assert ">0</text>" in cards(view)[0]
    client.sendall(b"hello")
    until(lambda: "5 acknowledged" in cards(view)[0])
    client.recv(2)
    until(lambda: "2 read" in cards(view)[0])


def test_one_thread_for_all_views_that_ends_with_the_last(client, server):
    views = [watch(client), watch(server), watch(client, server)]
    assert len(sampler_threads()) == 1
    for view in views:
        view.close()
        view.close()
    assert sampler_threads() == []
    with socket.create_connection(server.address) as other:
        watch(other)._repr_mimebundle_()
        assert len(sampler_threads()) == 1


def test_a_closed_view_stays_on_the_page_and_says_so(client):
    view = watch(client)
    before = cards(view)
    view.close()
    assert cards(view) == before
    assert "watching has ended" in view._status.value
    assert view.widget.comm is not None


def test_a_view_that_nobody_holds_is_not_sampled(client):
    view = watch(client)
    gone = weakref.ref(view)
    del view
    gc.collect()
    assert gone() is None
    until(lambda: sampler_threads() == [])


def test_a_displayed_view_lives_without_a_name(client):
    view = watch(client)
    view._repr_mimebundle_()
    kept = weakref.ref(view)
    del view
    gc.collect()
    client.sendall(b"hello")
    until(lambda: "5 acknowledged" in cards(kept())[0])


def test_watching_keeps_no_socket_alive(server):
    client = socket.create_connection(server.address)
    until(lambda: server.connections == 1)
    view = watch(client, rate=200)
    cards(view)
    gone = weakref.ref(client)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)  # it is Python that closes it, as without a view
        del client
        gc.collect()
        until(lambda: gone() is None)
    until(lambda: server.sockets == ())
    until(lambda: sampler_threads() == [])
    assert "gone" in cards(view)[0]


def test_watching_opens_no_descriptor(client, server):
    until(lambda: server.connections == 1)
    before = os.listdir("/proc/self/fd")
    view = watch(client, server)
    cards(view)
    assert len(os.listdir("/proc/self/fd")) == len(before)


def test_sampling_ends_when_everything_is_closed():
    with EchoServer() as server:
        client = socket.create_connection(server.address)
        until(lambda: server.connections == 1)
        view = watch(client, server)
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")  # RST: CLOSED at once
        client.close()
    until(lambda: sampler_threads() == [])
    assert "CLOSED" in cards(view)[0]


def test_an_error_in_the_sampler_stands_in_the_view(client, capfd):
    view = watch(client)
    cards(view)

    def broken():
        raise RuntimeError("out of order")

    view.eyes[0].sample = broken
    until(lambda: "RuntimeError: out of order" in view._status.value)
    assert capfd.readouterr() == ("", "")


def test_history_and_plot(client, server):
    view = watch(client, server, rate=500)
    client.sendall(bytes(100_000))
    received = 0
    while received < 100_000:
        received += len(client.recv(65536))
    history = view.history
    times = [at for at, _ in history]
    assert times == sorted(times)
    assert history[-1][1][0].bytes_sent == 100_000 == history[-1][1][0].bytes_read
    assert history[-1][1][1].opened == "passive"  # of a server: its newest connection
    figure = view.plot()
    assert len(figure.axes) == 2
    assert figure._repr_png_().startswith(b"\x89PNG")
    assert repr(figure) == repr(view.plot())
    labels = [text.get_text() for text in figure.axes[1].get_legend().get_texts()]
    assert labels == ["client: sent", "client: received", "server: sent", "server: received"]
    assert figure.axes[1].lines[0].get_ydata()[-1] == 100_000


def test_a_plot_of_nothing_is_a_plot(client):
    assert watch(client).plot()._repr_png_()


def test_a_long_history_is_thinned_and_keeps_its_ends(client, monkeypatch):
    monkeypatch.setattr(sys.modules["labsupport.widgets.watch"], "KEPT", 50)
    view = watch(client)
    for _ in range(200):
        client.send(b"x")
        view.refresh()
    assert len(view._history) <= 51
    assert view._history[0][1][0].bytes_sent == 0 and view._history[-1][1][0].bytes_sent == 200


def test_no_figure_stays_with_pyplot(client):
    import matplotlib.pyplot

    watch(client).plot()
    assert matplotlib.pyplot.get_fignums() == []


# Buttons


def pressed(view, description):
    """Press the button of that name, as the page does; what the status line then says."""
    found = [
        button
        for row in view.widget.children
        for button in getattr(row, "children", ())
        if hasattr(button, "click")
    ]
    next(button for button in found if button.description == description).click()
    return re.sub(r"<[^>]*>", "", view._status.value)


def test_buttons_make_real_calls(client, server):
    view = watch(client, buttons=True)
    assert pressed(view, "recv") == "recv: nothing there yet"
    assert pressed(view, "send") == "send: 5 of 5 bytes taken"
    until(lambda: observe(client).recv_queue == 5)
    assert pressed(view, "recv") == "recv: b'hello'"
    assert pressed(view, "shutdown").startswith("shutdown: SHUT_WR")
    until(lambda: server.sockets == ())
    assert "end of file" in pressed(view, "recv")
    assert pressed(view, "send") == "send: EPIPE: Broken pipe"
    assert pressed(view, "close") == "close: closed"
    assert client.fileno() == -1
    assert "Value" in pressed(view, "send") or "EBADF" in pressed(view, "send")


def test_recv_never_blocks_while_the_program_waits(client):
    call = background(client.recv, 1024)
    view = watch(client, buttons=True)
    assert pressed(view, "recv") == "recv: nothing there yet"
    assert not call.done


def test_a_visitor_comes_to_a_listener():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        view = watch(listener, buttons=True)
        call = background(listener.accept)
        assert pressed(view, "a visitor connects").startswith("a visitor connects: one is on its way")
        connection, _ = call.result()
        with connection:
            assert connection.recv(5) == b"hello"


def test_a_calls_card_frees_the_call():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        call = background(listener.accept)
        data, _ = call._repr_mimebundle_()
        assert data["text/plain"] == repr(call) == "accept(): waiting"
        assert "LISTEN" in data["image/svg+xml"]
        assert data[WIDGET] == call_bundle(call)[0][WIDGET]  # displayed again: the same card
        from labsupport.widgets import callcard

        view = callcard._views[call]
        names = [button.description for button in view.widget.children[1].children]
        assert names == ["cancel", "a visitor connects"]
        assert "cancelled" in pressed(view, "cancel")
        assert call.done


def test_a_server_can_be_closed_from_its_card():
    server = EchoServer()
    view = watch(server, buttons=True)
    assert pressed(view, "close") == "close: closed"
    assert repr(view).splitlines()[0].endswith("closed")


def test_a_button_of_a_socket_that_is_gone(server):
    client = socket.create_connection(server.address)
    view = watch(client, buttons=True)
    view.widget
    client.close()
    del client
    gc.collect()
    until(lambda: view.eyes[0].thing is None)
    assert pressed(view, "send") == "send: nothing refers to it any more"


def test_presses_from_many_threads_do_not_mix(client, server):
    view = watch(client, buttons=True)
    view.widget
    threads = [
        threading.Thread(
            target=controls.press, args=(view, view.eyes[0], "send", lambda sock: sock.send(b"x"))
        )
        for _ in range(20)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    until(lambda: server.bytes_received == 20)


# Predictions


def test_a_prediction_is_committed_to_with_one_click_until_it_is_revealed():
    guess = predict("How many segments must arrive?", "none", "one", "two")
    assert repr(guess) == "How many segments must arrive?\n( ) none  ( ) one  ( ) two"
    assert guess.choice is None
    guess.widget
    guess._radio.value = "one"  # what a click does
    assert guess.choice == "one"
    guess._radio.value = "two"
    assert guess.choice == "two" and "You say: two" in guess._status.value
    shown = guess.reveal(2 and "two")
    assert repr(shown) == "Seen: two"
    assert guess._radio.disabled and "You said two. Seen: two." in guess._status.value
    guess._radio.value = "none"
    assert guess.choice == "two"


def test_the_stored_form_is_that_of_nobody_having_chosen():
    chosen, untouched = predict("Which?", "a", "b"), predict("Which?", "a", "b")
    chosen.choose("a")
    for first, second in ((chosen, untouched), (chosen.reveal("b"), untouched.reveal("b"))):
        one, other = first._repr_mimebundle_()[0], second._repr_mimebundle_()[0]
        assert {kind: one[kind] for kind in one if kind != WIDGET} == {
            kind: other[kind] for kind in other if kind != WIDGET
        }


def test_evidence_of_any_type_marks_the_answer_that_reads_the_same():
    guess = predict("How many?", "5", "6", "True")
    guess.choose("5")
    assert "Seen: 6." in guess.reveal(6)._html()
    assert "That was not among the answers." in guess.reveal(7)._html()
    assert "True" in repr(guess.reveal(1 == 1))
    assert "You had not chosen yet. Seen: a." in predict("Which?", "a", "b").reveal("a")._html()


def test_nothing_kind_is_shouted():
    guess = predict("Which?", "a", "b")
    guess.choose("a")
    assert "!" not in re.sub(r"<[^>]*>", "", guess.reveal("b")._html())


def test_predict_refuses_bad_questions():
    with pytest.raises(ValueError, match="at least two"):
        predict("Which?", "one")
    with pytest.raises(TypeError, match="strings"):
        predict("Which?", 1, 2)
    with pytest.raises(ValueError, match="differ"):
        predict("Which?", "one", "one")
    with pytest.raises(ValueError, match="the answers are a, b"):
        predict("Which?", "a", "b").choose("c")


# Other values


def test_a_snapshot_draws_itself(client):
    data, _ = snapshot_bundle(observe(client))
    assert data["text/plain"] == repr(observe(client))
    assert set(data) == {"text/plain", "image/svg+xml", WIDGET}
    assert str(client.getsockname()[1]) not in data["image/svg+xml"]


def test_a_timeline_draws_itself(server):
    from labsupport import record

    with record() as timeline:
        with socket.create_connection(server.address) as client:
            client.sendall(b"hello")
    data, _ = timeline_bundle(timeline)
    assert data["text/plain"] == repr(timeline)
    assert set(data) == {"text/plain", "image/svg+xml", WIDGET}


def test_a_report_is_a_table():
    class Ability:
        name, present, found, remedy = "a <wire>", False, None, "get one"

    class Report:
        abilities = (Ability(),)

        def __repr__(self):
            return "fixed"

    data, _ = report_bundle(Report())
    assert data["text/plain"] == "fixed"
    assert WIDGET in data


def test_paths_through_the_table():
    assert paths.path(["ESTABLISHED"], "active") == (
        ("CLOSED", True),
        ("SYN-SENT", False),
        ("ESTABLISHED", True),
    )
    assert paths.path(["CLOSED", "ESTABLISHED"]) == (("CLOSED", True), ("…", False), ("ESTABLISHED", True))
    assert paths.path(["LISTEN"]) == (("CLOSED", True), ("LISTEN", True))
    assert paths.path(["ESTABLISHED", "FIN-WAIT-2"], "active")[-2:] == (
        ("FIN-WAIT-1", False),
        ("FIN-WAIT-2", True),
    )
