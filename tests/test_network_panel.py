"""A private network on the page: it shows what the kernels list, and the buttons are the wire's verbs."""

from __future__ import annotations

import gc
import re
import socket
import threading
import weakref
from html import unescape

import pytest

from labsupport import Network, background, tidy, until, watch
from labsupport.widgets import network_bundle, sockets_bundle
from labsupport.widgets.bundle import WIDGET
from labsupport.widgets.network_panel import _panels
from labsupport.widgets.sampler import NAME

pytestmark = pytest.mark.skipif(not Network.available(), reason="needs a network of one's own")


@pytest.fixture(autouse=True)
def nothing_left():
    yield
    tidy()
    assert [thread for thread in threading.enumerate() if thread.name == NAME] == []


@pytest.fixture
def net():
    with Network() as net:
        yield net


@pytest.fixture
def listener(net):
    with net.b.socket() as listener:
        listener.bind((net.b.address, 80))
        listener.listen()
        yield listener


@pytest.fixture
def client(net, listener):
    """A client that has asked for a connection over a held wire."""
    net.hold()
    with net.a.socket() as client:
        client.setblocking(False)
        assert client.connect_ex((net.b.address, 80)) != 0
        yield client


def panel_of(net):
    network_bundle(net)
    return _panels[net]


def words(html):
    return unescape(" ".join(re.sub(r"<style>.*?</style>|<[^>]*>", " ", html).split()))


def settled(text):
    """`text` with the ports that the kernel picked as "…"."""
    return re.sub(r"\b\d{5}\b", "…", text)


# The network


def test_the_text_counts_only_while_held(net, client):
    assert repr(net) == "Network of a 10.0.0.1, b 10.0.0.2, held, 1 packet in flight"
    data, _ = network_bundle(net)
    assert data["text/plain"] == repr(net)
    assert WIDGET in data
    net.settle()
    assert repr(net) == "Network of a 10.0.0.1, b 10.0.0.2, held, 0 packets in flight"
    net.release()
    assert repr(net) == "Network of a 10.0.0.1, b 10.0.0.2"
    net.close()
    assert set(network_bundle(net)[0]) == {"text/plain"}


def test_both_hosts_and_what_is_between_them(net, client):
    panel = panel_of(net)
    assert settled(words(panel._hosts.value)) == (
        "a 10.0.0.1 State Recv-Q Send-Q Local Peer SYN-SENT 0 1 :… 10.0.0.2:80 "
        "b 10.0.0.2 State Recv-Q Send-Q Local Peer LISTEN 0 128 :80 *"
    )
    assert settled(words(panel._flight.value)) == "on the wire next a → b SYN port … to 80"
    assert words(panel._state.value) == "the wire is held"


def test_the_buttons_are_the_wires_verbs(net, client):
    panel = panel_of(net)

    def able():
        return [name for name, button in panel._buttons.items() if not button.disabled]

    assert able() == ["step", "settle", "release"]
    panel._buttons["step"].click()
    assert words(panel._status.value) == "Carried a → b: SYN."
    assert "b → a SYN, ACK" in words(panel._flight.value)
    panel._buttons["settle"].click()
    assert words(panel._status.value) == "Carried 2 packets, the last a → b: ACK."
    assert words(panel._hosts.value).count("ESTABLISHED") == 2
    assert words(panel._flight.value) == "on the wire: nothing"
    panel._buttons["release"].click()
    assert not net.wire.held
    assert able() == ["hold"]
    assert panel._flight.value.count("on the wire") == 0
    panel._buttons["hold"].click()
    assert net.wire.held
    panel._buttons["step"].click()
    assert words(panel._status.value) == "Nothing waits on the wire."


def test_an_error_is_said_in_the_panel(net):
    panel = panel_of(net)
    panel.press("step")
    assert words(panel._status.value).startswith("step: RuntimeError: step needs a wire that is held")


def test_a_button_lets_a_background_call_return(net, listener):
    net.hold()
    panel = panel_of(net)
    with net.a.socket() as client:
        call = background(client.connect, (net.b.address, 80))
        until(lambda: net.wire.in_flight)
        panel._buttons["step"].click()
        panel._buttons["step"].click()
        assert call.result() is None


def test_it_changes_by_itself_and_only_when_something_did(net, listener):
    net.hold()
    panel = panel_of(net)
    changes = []
    panel._hosts.observe(changes.append, "value")
    with net.a.socket(type=socket.SOCK_DGRAM) as udp:
        udp.bind((net.a.address, 53))
        until(lambda: "UDP UNCONN" in words(panel._hosts.value))
        assert len(changes) == 1
        before = panel._key
        panel.refresh()
        assert len(changes) == 1
        assert panel._key is before


def test_a_socket_that_no_program_holds_is_dashed(net, client):
    panel = panel_of(net)
    net.settle()
    client.close()
    panel.refresh()
    assert "FIN-WAIT-1" in words(panel._hosts.value)
    assert "dashed: the kernel's alone" in words(panel._hosts.value)


def test_many_packets_are_counted(net):
    net.hold()
    panel = panel_of(net)
    with net.a.socket(type=socket.SOCK_DGRAM) as udp:
        for _ in range(12):
            udp.sendto(b"hello", (net.b.address, 9))
    panel.refresh()
    assert words(panel._flight.value).endswith("and 4 packets more")
    assert words(panel._flight.value).count("datagram, 5 bytes") == 8


def test_displayed_again_it_is_the_same_panel(net):
    first, _ = network_bundle(net)
    again, _ = network_bundle(net)
    assert first[WIDGET] == again[WIDGET]
    panel_of(net).close()
    assert network_bundle(net)[0][WIDGET] != first[WIDGET]


def test_it_ends_with_its_network(net):
    panel = panel_of(net)
    net.close()
    until(lambda: panel.closed)
    assert words(panel._status.value) == "The network is closed."
    assert all(button.disabled for button in panel._buttons.values())
    panel.press("hold")  # too late, and no matter


def test_what_tidy_says_does_not_depend_on_a_look():
    net = Network()
    panel = panel_of(net)
    assert repr(tidy()) == "closed: 1 network"
    assert panel.closed


def test_being_shown_keeps_no_network_alive():
    net = Network()
    network_bundle(net)
    gone = weakref.ref(net)
    net.close()
    del net
    gc.collect()
    until(lambda: gone() is None)  # a look may be under way, and holds it for so long


def test_three_hosts():
    with Network(hosts=3) as net:
        panel = panel_of(net)
        empty = [f"{name} 10.0.0.{number} no sockets" for number, name in enumerate("abc", 1)]
        assert words(panel._hosts.value) == " ".join(empty)


# A host's sockets


def test_a_hosts_sockets_as_a_table(net, client):
    data, _ = sockets_bundle(net.a.sockets)
    assert data["text/plain"] == repr(net.a.sockets)
    assert "…" in data["text/plain"]
    assert net.a.sockets._repr_mimebundle_()[0].keys() == data.keys()


# watch


def test_watching_hosts_beside_a_socket(net, client):
    view = watch(net.a, net.b, client)
    assert repr(view) == (
        "a  host 10.0.0.1\n"
        "  SYN-SENT      10.0.0.1:… → 10.0.0.2:80\n"
        "b  host 10.0.0.2\n"
        "  LISTEN        10.0.0.2:80\n"
        "client  10.0.0.1   SYN-SENT   (CLOSED → SYN-SENT)"
    )
    view.widget
    net.settle()
    until(lambda: "ESTABLISHED" in view._cards[1].value)
    assert "10.0.0.2:80" in view._cards[0].value
    stored = view._repr_mimebundle_()[0]["image/svg+xml"]
    assert str(client.getsockname()[1]) not in stored
    assert "ESTABLISHED" in stored


def test_watching_a_network_is_watching_its_hosts(net):
    assert repr(watch(net)) == "a  host 10.0.0.1\nb  host 10.0.0.2"


def test_a_watched_host_ends_with_its_network(net):
    view = watch(net.b, labels=["the server's host"])
    assert repr(view) == "the server's host  host 10.0.0.2"
    view.widget
    net.close()
    until(lambda: "the network is closed" in view._cards[0].value)
    assert view.eyes[0].finished()
