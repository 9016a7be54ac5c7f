"""What happened, in order: the calls of plain code, the states of its sockets between them, and what crossed
the wire.

`record()` is the instrument; a `Timeline` is what it gives, a value that draws itself. Nothing in the block
has to know that it is recorded: the code uses the ordinary `socket` module.
"""

from __future__ import annotations

import sys
from pathlib import Path

from labsupport.events import Arrived, Became, Began, End, Held, Lane, Returned, Sent
from labsupport.files import write_whole
from labsupport.naming import Names
from labsupport.recorder import Recorder
from labsupport.telling import tell

__all__ = [
    *("Arrived", "Became", "Began", "End", "Held", "Lane", "Returned", "Sent"),
    *("Timeline", "record"),
]


class Timeline:
    """Events and the lanes (sockets) they belong to.

    `events`: Began, Returned and Became, as they came; `settled`: the same without what was only sampled, in
    an order that does not vary from run to run; `lanes`: the sockets; `missed`: calls that were too many to
    keep.

    Of a scene there is more, and its events came in one order that is settled already. `hosts`: an End for
    each host; `packets`: what crossed the wire, each a Packet; `keeps_time`: whether the wire took time;
    `name`: the scene's; `result`: what it returned; `error`: the OSError that ended it, or None; `recorded`: ""
    or the reason why this is the recording that ships with the course, and not a run on this machine.
    """

    def __init__(self, events=(), lanes=(), settled=None, missed=0, *, hosts=(), packets=(), **scene):
        self.events, self.lanes, self.missed = tuple(events), tuple(lanes), missed
        self.hosts, self.packets = tuple(hosts), tuple(packets)
        self.result, self.error = scene.pop("result", None), scene.pop("error", None)
        self.recorded, self.keeps_time = scene.pop("recorded", ""), scene.pop("keeps_time", False)
        self.name = scene.pop("name", "")
        if scene:
            raise TypeError(f"a Timeline has no {', '.join(scene)}")
        plain = (event for event in self.events if not (isinstance(event, Became) and event.sampled))
        self.settled = tuple(plain if settled is None else settled)

    @property
    def calls(self):
        """The calls that returned or raised, in settled order."""
        return tuple(event for event in self.settled if isinstance(event, Returned))

    @property
    def paths(self):
        """For each lane its (state, seen) pairs, one after another, from what the calls imply."""
        paths = [[] for _ in self.lanes]
        for event in self.settled:
            if isinstance(event, Became):
                paths[event.socket].append((event.state, event.seen))
        return tuple(map(tuple, paths))

    def states(self, label):
        """The states that the socket named `label` went through; in parentheses those that nobody saw.

        ValueError when no lane has that label.
        """
        labels = [lane.label for lane in self.lanes]
        if label not in labels:
            raise ValueError(f"no socket {label!r} in this timeline; it has {', '.join(labels) or 'none'}")
        path = self.paths[labels.index(label)]
        return tuple(state if seen or state == "…" else f"({state})" for state, seen in path)

    def __len__(self):
        return len(self.events)

    def __iter__(self):
        return iter(self.events)

    def __eq__(self, other):
        if not isinstance(other, Timeline):
            return NotImplemented
        mine = (self.events, self.lanes, self.settled, self.hosts)
        return mine == (other.events, other.lanes, other.settled, other.hosts)

    __hash__ = None

    def save(self, path):
        """Write the ladder as a picture (a name that ends in .svg), or its packets (.pcap) for Wireshark.

        Returns the path. Raises ValueError for any other name, and for packets where no wire was recorded.
        """
        path = Path(path)
        if path.suffix == ".svg":
            write_whole(path, self._svg().encode())
        elif path.suffix == ".pcap":
            if not self.hosts:
                raise ValueError("no packets here: a timeline of record() has calls and states; a scene has a wire")
            from labsupport.packets import write_pcap

            write_pcap(path, self.packets)
        else:
            raise ValueError(f"a timeline is saved as .svg or .pcap, not as {path.name!r}")
        return path

    def _svg(self):
        from labsupport import draw

        return draw.wire_svg(self) if self.hosts else draw.timeline_svg(self)

    def __repr__(self):
        from labsupport import draw

        return draw.wire_text(self) if self.hosts else draw.timeline_text(self)

    def _repr_mimebundle_(self, include=None, exclude=None):
        try:
            from labsupport.widgets import timeline_bundle
        except ImportError:
            return {"text/plain": repr(self)}
        return timeline_bundle(self)


class record:
    """`with record() as timeline:` notes the socket calls of the block and the states between them.

    Sockets made before the block are seen too. Its own thread's calls are recorded, those of threads started
    in it, and the notebook's own code in threads that were there before; helper servers keep their own log.
    The timeline is complete when the block ends, also by an exception, which goes on. Costs a few
    microseconds a call.
    """

    def __init__(self):
        self.timeline = Timeline()
        self._recorder, self._used = None, False

    def __enter__(self):
        if self._used:
            raise ValueError("this recording has been used already; each block needs a record() of its own")
        self._recorder, self._used = Recorder(), True
        self._recorder.start()
        return self.timeline

    def __exit__(self, *raised):
        recorder, self._recorder = self._recorder, None
        recorder.stop()
        events, settled, lanes = tell(recorder, Names(_block(sys._getframe(1))))
        Timeline.__init__(self.timeline, events, lanes, settled, recorder.missed)
        return False


def _block(frame):
    """The frame that has the with statement: an ExitStack's own frames are on the way."""
    while frame.f_back is not None and frame.f_globals.get("__name__") == "contextlib":
        frame = frame.f_back
    return frame
