"""The buttons of a view: real calls, and never in the way of the learner's own."""

from __future__ import annotations

import gc
import re
import socket
import threading

import pytest
from views import WIDGET

from labsupport import EchoServer, background, observe, until, watch
from labsupport.widgets import call_bundle, controls

pytestmark = pytest.mark.usefixtures("no_sampler_left")


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
    until(lambda: observe(client).state == "TIME-WAIT")
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
