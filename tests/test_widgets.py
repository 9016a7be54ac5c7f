"""What is stored of views and other values that draw themselves: settled text and pictures."""

from __future__ import annotations

import os
import re
import socket

import pytest
from views import WIDGET, cards

from labsupport import EchoServer, Visitor, background, observe, until, watch
from labsupport.widgets import paths, report_bundle, snapshot_bundle, timeline_bundle

pytestmark = pytest.mark.usefixtures("no_sampler_left")


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
        assert "accept queue" in cards(view)[0]
        until(lambda: "1 connection waiting" in cards(view)[0])


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
