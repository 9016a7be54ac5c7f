"""What happened, in order: the calls of a block of plain code, and the states of its sockets between them.

`record()` is the instrument; a `Timeline` is what it gives, a value that draws itself. Nothing in the block
has to know that it is recorded: the code uses the ordinary `socket` module.
"""

from __future__ import annotations

import sys

from labsupport.events import Became, Began, Lane, Returned
from labsupport.recorder import Recorder
from labsupport.telling import tell

__all__ = ["Became", "Began", "Lane", "Returned", "Timeline", "record"]


class Timeline:
    """Events and the lanes (sockets) they belong to.

    `events`: Began, Returned and Became, as they came; `settled`: the same without what was only sampled, in
    an order that does not vary from run to run; `lanes`: the sockets; `missed`: calls that were too many to
    keep.
    """

    def __init__(self, events=(), lanes=(), settled=None, missed=0):
        self.events, self.lanes, self.missed = tuple(events), tuple(lanes), missed
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
        return (self.events, self.lanes, self.settled) == (other.events, other.lanes, other.settled)

    __hash__ = None

    def __repr__(self):
        from labsupport.draw import timeline_text

        return timeline_text(self)

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
        events, settled, lanes = tell(recorder, _block(sys._getframe(1)))
        Timeline.__init__(self.timeline, events, lanes, settled, recorder.missed)
        return False


def _block(frame):
    """The frame that has the with statement: an ExitStack's own frames are on the way."""
    while frame.f_back is not None and frame.f_globals.get("__name__") == "contextlib":
        frame = frame.f_back
    return frame
