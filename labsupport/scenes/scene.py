"""`@scene`: plain socket code on two hosts, run at once; its timeline is what the name then means.

The function gets a network of its own, whose wire moves only while every program waits. Where no network can
be had, the function is not run: the recording that ships with the course is shown, and says so.
"""

from __future__ import annotations

import inspect

from labsupport.network import Network, NetworkUnavailable
from labsupport.scenes import recordings
from labsupport.scenes.recorder import SceneRecorder
from labsupport.scenes.telling import tell

# Seconds before data is sent again: longer than a busy machine may take for a step of the scene.
RTO_MIN = 1.0


def scene(function=None, *, hosts=2, ipv6=False, mtu=1500):
    """Run `function(net)` now, on a Network of its own; return its Timeline.

    `hosts`, `ipv6`, `mtu`: as for Network. An OSError that ends the function is the timeline's last event and
    its `.error`; any other exception is raised here. TimeoutError when every program waits and nothing comes.
    TypeError when the function does not take the network alone.
    """
    if function is None:
        return lambda function: scene(function, hosts=hosts, ipv6=ipv6, mtu=mtu)
    _check(function)
    try:
        net = Network(hosts=hosts, ipv6=ipv6, mtu=mtu)
    except NetworkUnavailable as missing:
        timeline = recordings.instead(function, missing)
    else:
        with net:
            timeline = _run(function, net)
        recordings.offer(function, timeline)
    timeline.name = getattr(function, "__name__", "")
    return timeline


def _check(function):
    if not callable(function):
        raise TypeError(f"@scene stands above a function, such as def refused(net): not {function!r}")
    try:
        inspect.signature(function).bind(None)
    except TypeError:
        name = getattr(function, "__name__", "the function")
        raise TypeError(f"a scene takes the network and nothing else: def {name}(net):") from None


def _run(function, net):
    """Run it, its threads and the wire to their rest."""
    net.rto_min = RTO_MIN
    for host in net.hosts:
        # No tail loss probe (RFC 8985 section 7): it repeats a segment after two round trips, and those take
        # as long here as the machine's load has it.
        host.sysctl("net.ipv4.tcp_early_retrans", 0)
    recorder = SceneRecorder(net)
    turns, result, error = recorder.turns, None, None
    net.turns = turns
    recorder.start()
    with recorder.catching():
        try:
            try:
                result = function(net)
            except OSError as raised:
                error = raised
            turns.finish()
        finally:
            net.turns = None
            recorder.stop()
            recorder.close()
    if error is not None and error is turns.failure:
        raise error
    if recorder.failure is not None:
        raise recorder.failure
    return tell(recorder, result=result, error=error)
