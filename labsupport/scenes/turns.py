"""Who goes on: one program at a time, and the wire only while all of them wait.

Two programs and a wire, left alone, take turns as the machine's load has it, and one conversation gives many
ladders. Here a thread asks for its turn before a call and before it goes on with the call's result, and keeps
it until it waits. When every thread of the scene waits in the kernel, the next turn is given: to a thread
that has asked, else to the packet that is due. What each of them does is the real kernel's doing; only the
order among those who could go on at the same moment is ours, and so it is the same in every run.
"""

from __future__ import annotations

import threading
import time

from labsupport.scenes.threads import Watch

PAUSE = 0.0003  # seconds between two looks at threads that run
PATIENCE = 12.0  # seconds in which nothing at all happens; the kernel repeats a SYN after 1, 2, 4 seconds
ALL = 25.0  # seconds for a whole scene: a notebook's cell has 30
WAKE_AGAIN = 0.05  # seconds


class _Asked:
    """A thread that waits for its turn; `last`: only when nothing is left to be carried."""

    __slots__ = ("thread", "fresh", "last", "granted")

    def __init__(self, thread, fresh, last):
        self.thread, self.fresh, self.last, self.granted = thread, fresh, last, False


class Turns:
    """The turns of one scene. `wire` is what to carry when all wait: see `scenes.looking.Scenery`."""

    def __init__(self, wire, main):
        self._wire, self._main = wire, main
        self._before = set(threading.enumerate()) - {main}
        self._turn = threading.Condition(threading.Lock())
        self._asked, self._holder = [], main
        self._met = {main}  # threads that have had a turn
        self._ranks = {main: 0}
        self._calls = set()  # threads inside a recorded call
        self._watch = Watch()
        self._ended = self._over = False
        self.failure = None
        self._started = time.monotonic()
        self._thread = threading.Thread(target=self._run, name="labsupport-scene", daemon=True)
        self._before.add(self._thread)
        self._thread.start()

    # What a thread of the scene calls

    def begin(self, thread):
        """Before a call: the turn, once threads that this one started have come to their first call."""
        self._give_up(thread)
        self._calls.add(thread)
        fresh = thread not in self._met
        if fresh:
            if thread.name.startswith("labsupport-background-"):
                self._met.add(thread)
                return  # its starter waits until it has entered its call, and does nothing else
        elif self._holder is thread and not self._started_others():
            return
        self._ask(thread, fresh)
        self._met.add(thread)

    def go_on(self, thread):
        """After a call: the turn, unless the thread never lost it."""
        self._calls.discard(thread)
        if self._holder is not thread:
            self._ask(thread)

    def settle(self):
        """Go on only when all others wait and nothing is on the wire."""
        self._ask(threading.current_thread(), last=True)

    def begin_here(self):
        """Let all come to rest, and forget what was noted so far."""
        self.settle()
        self._wire.begin_here()

    def finish(self):
        """The body has ended: let the others and the wire come to rest. Raises what went wrong on the way."""
        with self._turn:
            self._ended = True
            self._turn.notify_all()
        self._thread.join()
        if self.failure is not None:
            raise self.failure

    def free(self):
        """No more turns: whoever asks goes on at once."""
        with self._turn:
            self._over = True
            self._turn.notify_all()

    def close(self):
        """End the turns, however the body ended; again: nothing."""
        with self._turn:
            self._over = self._ended = True
            self._turn.notify_all()
        if threading.current_thread() is not self._thread:
            self._thread.join()

    def others(self):
        """The scene's other threads that have not ended."""
        return [thread for thread in self._own() if thread is not self._main]

    def _ask(self, thread, fresh=False, last=False):
        mine = _Asked(thread, fresh, last)
        with self._turn:
            if self._holder is thread:
                self._holder = None
            self._asked.append(mine)
            try:
                self._turn.wait_for(lambda: mine.granted or self._over)
            finally:  # also when the learner interrupts
                self._asked.remove(mine)
                self._turn.notify_all()
        self._give_up(thread)

    def _give_up(self, thread):
        """Raise in the cell's thread what ended the turns."""
        if self.failure is not None and thread is self._main and not self._ended:
            raise self.failure

    # The thread that gives the turns

    def _run(self):
        try:
            while not self._over and self._one():
                pass
        except BaseException as error:  # raised in the learner's cell: this thread prints nothing
            self.failure = self.failure or error
        finally:
            self.free()
            self._wake_all()

    def _wake_all(self):
        """After a failure: free whoever is in a call, or on the way into one, until the body has ended."""
        with self._turn:
            while self.failure is not None and not self._ended:
                self._wire.wake()
                self._turn.wait(WAKE_AGAIN)

    def _one(self):
        """Wait until all wait, then give one turn; False when the scene is over."""
        self._wait_for_all()
        self._wire.take()
        with self._turn:
            mine = self._pick()
            if mine is not None:
                self._holder, mine.granted = mine.thread, True
                self._turn.notify_all()
                # Not before it has gone on: until then it looks like one that waits.
                self._turn.wait_for(lambda: mine not in self._asked)
                return True
            self._holder = None
        if self._wire.carry():
            return True
        with self._turn:
            patient = next((one for one in self._asked if one.last), None)
            if patient is not None:
                patient.last = False
                return True
        if self._ended and not self._wire.expects(self._busy()):
            return False
        return self._idle()

    def _pick(self):
        """Of those who asked: a thread at its first call, else the one that was started first."""
        asking = [one for one in self._asked if not one.last]
        for thread in self._own():  # in the order in which they were started
            self._ranks.setdefault(thread, len(self._ranks))
        return min(asking, key=lambda one: (not one.fresh, self._ranks[one.thread]), default=None)

    def _wait_for_all(self):
        """Until every thread of the scene waits; a scene that computes for ever is ended."""
        while not self._over:
            with self._turn:
                asked = {one.thread for one in self._asked}
            looked = [thread for thread in self._own() if thread not in asked]
            if self._ended:
                looked = [thread for thread in looked if thread is not self._main]
            tids = [thread.native_id for thread in looked]
            # A thread that has been started is listed by its starter; between two looks nobody may come.
            ready = not self._wire.asking() & set(looked) and None not in tids
            if ready and self._watch.all_wait(tids, self._wire.is_free) and self._same(looked, asked):
                return
            self._check_time()
            time.sleep(PAUSE)

    def _same(self, looked, asked):
        """Whether nobody has come, gone, or asked meanwhile."""
        if self._wire.asking() & set(looked):
            return False
        with self._turn:
            now = {one.thread for one in self._asked}
        own = [thread for thread in self._own() if thread not in now]
        if self._ended:
            own = [thread for thread in own if thread is not self._main]
        return now == asked and own == looked

    def _own(self):
        """The scene's threads: the cell's, and whatever was started since."""
        return [thread for thread in threading.enumerate() if thread not in self._before]

    def _started_others(self):
        """Whether a thread was started that has not come to its first call yet."""
        return any(
            thread not in self._met and not thread.name.startswith("labsupport-") for thread in self._own()
        )

    def _busy(self):
        """Whether a thread of the scene is still in a call, or about to make one."""
        return any(
            not thread.name.startswith("labsupport-") or thread in self._calls for thread in self.others()
        )

    def _idle(self):
        """Nothing to give: wait for a packet that a kernel's timer sends, or for a thread whose time is up.

        False when the body has ended and nothing comes any more: that some wait still is what the timeline
        shows.
        """
        until, ended = time.monotonic() + PATIENCE, self._ended
        while not self._over and time.monotonic() < until:
            self._check_time()
            if self._ended != ended:  # the body has come to its end meanwhile
                return True
            if self._wire.readable(0.02) or self._asked:
                return True
            if not self._watch.all_wait([thread.native_id for thread in self._awaited()]):
                return True
        if self._ended or self._over:
            return False
        raise TimeoutError(
            f"for {PATIENCE:.0f} s every program of this scene has waited and nothing was on the wire: "
            + self._wire.where()
        )

    def _awaited(self):
        with self._turn:
            asked = {one.thread for one in self._asked}
        gone = {self._main} if self._ended else set()
        return [thread for thread in self._own() if thread not in asked | gone]

    def _check_time(self):
        if time.monotonic() - self._started > ALL:
            raise TimeoutError(f"this scene was not over after {ALL:.0f} s: " + self._wire.where())
