"""One thread that waits for many sockets at once: the readiness loop under every helper server.

A thread for each connection would be shorter to write, and with a thousand connections it would be a thousand
stacks and a crowd at the interpreter's lock. asyncio would do, but its layers cost a helper most of its time,
and a learner who runs `asyncio` in the same notebook would meet two of them. So: `epoll` itself on Linux
(epoll(7)), `selectors` elsewhere behind the same four methods, handlers by descriptor, timers in a heap, and
a pair of sockets to wake the wait from outside.
"""

from __future__ import annotations

import heapq
import itertools
import select
import selectors
import socket
import threading
import time

# epoll's own values; the stand-in below speaks them too.
READ, WRITE, BROKEN = 0x001, 0x004, 0x018

# Events fetched at one call. Many more than that only lengthens the time until the wake-up is seen.
BATCH = 512


class SelectorPoller:
    """`select.epoll`'s methods on top of `selectors`, for systems without epoll.

    Unlike epoll it says nothing about a descriptor for which nothing is awaited: there a reset is noticed
    later, at the next read or write.
    """

    def __init__(self):
        self._selector = selectors.DefaultSelector()

    def register(self, fd, mask):
        if mask:
            self._selector.register(fd, _as_selector(mask))

    def modify(self, fd, mask):
        self.unregister(fd)
        self.register(fd, mask)

    def unregister(self, fd):
        if fd in self._selector.get_map():
            self._selector.unregister(fd)

    def poll(self, timeout=None, maxevents=-1):
        return [(key.fd, _as_epoll(ready)) for key, ready in self._selector.select(timeout)]

    def close(self):
        self._selector.close()


def _as_epoll(ready):
    return (READ if ready & selectors.EVENT_READ else 0) | (WRITE if ready & selectors.EVENT_WRITE else 0)


def _as_selector(mask):
    return (selectors.EVENT_READ if mask & READ else 0) | (selectors.EVENT_WRITE if mask & WRITE else 0)


new_poller = getattr(select, "epoll", SelectorPoller)


class Timer:
    """A callback that waits for its time; `cancel()` before that and it never runs."""

    __slots__ = ("callback",)

    def __init__(self, callback):
        self.callback = callback

    def cancel(self):
        self.callback = None


class Loop:
    """A thread named `name` that calls handlers when their descriptors are ready.

    `failed(fd, error)` is called when a handler raises (fd None: a timer, or the loop itself); `farewell()`
    is called last, in the thread, to close what the handlers own. Everything but `start` and `stop` belongs
    to the loop's own thread.
    """

    def __init__(self, name, failed, farewell):
        self._failed = failed
        self._farewell = farewell
        self._handlers = {}
        self._timers = []
        self._order = itertools.count()  # two timers due at the same time are compared by this
        self._stopping = False
        self.alone = 0  # so many times in a row nothing but one and the same descriptor was ready
        self._poller = new_poller()
        self._wake_in, self._wake_out = socket.socketpair()
        for end in (self._wake_in, self._wake_out):
            end.setblocking(False)
        self.thread = threading.Thread(target=self._run, name=name, daemon=True)
        self.attach(self._wake_out.fileno(), self._woken)

    def start(self):
        """Start the thread; what was attached before is served from now on."""
        try:
            self.thread.start()
        except BaseException:
            self._close()
            raise

    def stop(self, timeout=5.0):
        """End the thread and wait for it, at most `timeout` seconds (RuntimeError then). For any thread."""
        self._stopping = True
        try:
            self._wake_in.send(b"!")
        except OSError:  # the loop is gone, or has been woken so often that it cannot miss it
            pass
        if self.thread is not threading.current_thread():
            self.thread.join(timeout)
            if self.thread.is_alive():
                raise RuntimeError(f"the thread {self.thread.name} did not end within {timeout} s")

    def attach(self, fd, handler, mask=READ):
        """Call `handler(events)` whenever `fd` is ready for `mask`."""
        self._poller.register(fd, mask)
        self._handlers[fd] = handler

    def change(self, fd, mask):
        """Wait for `mask` from now on; 0 waits for nothing (epoll still tells of a broken connection)."""
        self._poller.modify(fd, mask)

    def detach(self, fd):
        """Forget `fd` before it is closed: epoll forgets it with its last duplicate (a child's)."""
        if self._handlers.pop(fd, None) is not None:
            self._poller.unregister(fd)

    def later(self, seconds, callback):
        """Call `callback()` in `seconds`; returns a Timer."""
        timer = Timer(callback)
        heapq.heappush(self._timers, (time.monotonic() + seconds, next(self._order), timer))
        return timer

    def _woken(self, _events):
        self._wake_out.recv(4096)

    def _run(self):
        try:
            self._serve()
        except BaseException as error:
            self._failed(None, error)
        finally:
            self._farewell()
            self._close()

    def _serve(self):
        poll, handler_of, timers, failed = self._poller.poll, self._handlers.get, self._timers, self._failed
        fd = None
        while not self._stopping:
            events = poll(self._until_next_timer() if timers else None, BATCH)
            # `fd` is still the last one of the batch before.
            self.alone = self.alone + 1 if len(events) == 1 and events[0][0] == fd else 0
            fd = None
            try:
                for fd, mask in events:
                    # A handler may have detached a later one of the same batch.
                    handler = handler_of(fd)
                    if handler is not None:
                        handler(mask)
            except BaseException as error:
                # The rest of the batch is still ready and is reported again.
                failed(fd, error)
            if timers:
                self._run_due_timers()

    def _until_next_timer(self):
        return max(0.0, self._timers[0][0] - time.monotonic())

    def _run_due_timers(self):
        now = time.monotonic()
        while self._timers and self._timers[0][0] <= now:
            callback = heapq.heappop(self._timers)[2].callback
            try:
                if callback is not None:
                    callback()
            except BaseException as error:
                self._failed(None, error)

    def _close(self):
        self._poller.close()
        self._wake_in.close()
        self._wake_out.close()
