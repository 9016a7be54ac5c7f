"""Who waits in a scene: only a thread that nobody but the wire, or another program, will wake."""

import queue
import threading

import pytest
from scene_code import drawn, echo

from labsupport import Network, scene

pytestmark = pytest.mark.skipif(not Network.available(), reason="needs a network of one's own")


def test_who_waits_for_the_wires_lock_is_not_idle():
    handed, over, plain = queue.SimpleQueue(), threading.Event(), drawn(scene(echo))

    def look_at_the_wire():
        while (net := handed.get()) is not None:
            while not over.wait(0.0005):
                with net.wire.lock:
                    over.wait(0.003)

    def disturbed(net):
        over.clear()
        handed.put(net)
        echo(net)
        over.set()

    looking = threading.Thread(target=look_at_the_wire)
    looking.start()
    try:
        for _ in range(10):
            assert drawn(scene(disturbed)) == plain
    finally:
        over.set()
        handed.put(None)
        looking.join()
