"""Live views: the sampler follows, keeps nothing alive, and is gone when nothing is watched."""

from __future__ import annotations

import gc
import os
import socket
import sys
import time
import warnings
import weakref

import pytest
from views import cards, sampler_threads

from labsupport import EchoServer, until, watch
from labsupport.widgets.sampler import Sampler, sampler

pytestmark = pytest.mark.usefixtures("no_sampler_left")


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


def test_a_thread_that_is_about_to_end_is_waited_for(client, monkeypatch):
    def slow_to_end(self, look=Sampler._look):
        if (pause := look(self)) is None:
            time.sleep(0.2)
        return pause

    monkeypatch.setattr(Sampler, "_look", slow_to_end)
    view = watch(client)
    view._closed = True
    until(lambda: sampler._thread is None)
    sampler.rest()
    assert sampler_threads() == []
    another = watch(client)
    another._closed = True
    until(lambda: sampler._thread is None)
    once_more = watch(client)
    assert len(sampler_threads()) == 1
    once_more.close()


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
    until(lambda: gone() is None)  # the thread may be looking at it, and holds it for so long
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
