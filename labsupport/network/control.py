"""The parent's end of the helper: start it, ask it, end it.

Any thread may ask; a lock lets one at a time. The control socket is a plain `_socket.socket`: `record()`
replaces methods of `socket.socket`, and what is said here is no learner's call.
"""

from __future__ import annotations

import _socket
import array
import contextlib
import errno
import itertools
import marshal
import os
import subprocess
import sys
import threading
from pathlib import Path

from labsupport.network.reasons import unavailable

HELPER = Path(__file__).with_name("helper.py")
ANSWERS_WITHIN = 20  # seconds; it takes a millisecond, on a crowded machine a few more
ENDS_WITHIN = 5
LONGEST_ANSWER = 1 << 16
ON_THE_WAY = -1  # in place of an error number: the descriptors, ahead of the answer itself
MOST_PASSED = 32  # descriptors with one message
MSG_CMSG_CLOEXEC = 0x40000000


class Control:
    """A running helper. `descriptors` is what it passed: for each host a TUN and a NETLINK_SOCK_DIAG socket.

    Raises NetworkUnavailable where the network cannot be had.
    """

    def __init__(self, hosts, ipv6, mtu):
        self._lock = threading.Lock()
        self._numbers = itertools.count(1)
        self.asking = set()  # threads that wait for an answer: a scene must not take them for idle ones
        self._socket, theirs = _socket.socketpair(_socket.AF_UNIX, _socket.SOCK_SEQPACKET)
        self.descriptors = ()
        self._process = None
        try:
            with contextlib.closing(theirs):
                self._socket.settimeout(ANSWERS_WITHIN)
                try:
                    self._process = self._start(theirs.fileno(), hosts, ipv6, mtu)
                except OSError as error:  # no interpreter that this user may run, no memory
                    raise unavailable("start", error.errno) from error
            self._greet()
        except BaseException:
            self.close()
            raise

    def _start(self, *arguments):
        control, *rest = arguments
        numbers = [str(int(number)) for number in (control, os.getpid(), *rest)]
        return subprocess.Popen(
            # -I and -S: nothing but the standard library, and nothing that a site would add to its start
            [sys.executable, "-I", "-S", str(HELPER), *numbers],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd="/",  # no folder of the learner's is kept from being removed
            pass_fds=(control,),
            start_new_session=True,  # an interrupt in the notebook is meant for the notebook
        )

    def _greet(self):
        try:
            answer, passed = self._receive()
        except OSError as error:
            raise unavailable("answer", error.errno) from None
        if answer is None:
            raise unavailable("start", None, f"exit status {self._process.wait(ENDS_WITHIN)}")
        _, code, stage = answer
        if code:
            raise unavailable(stage, code)
        self.descriptors = tuple(passed)

    @property
    def pid(self):
        """The helper's process number."""
        return self._process.pid

    def ask(self, what, *arguments, passing=()):
        """One request: (value, descriptors that came with it). The helper's OSError is raised here."""
        thread = threading.current_thread()
        self.asking.add(thread)
        try:
            return self._ask(what, arguments, passing)
        finally:
            self.asking.discard(thread)

    def _ask(self, what, arguments, passing):
        with self._lock:
            number = next(self._numbers)
            if self._socket.fileno() < 0:
                raise closed()
            beside = [(_socket.SOL_SOCKET, _socket.SCM_RIGHTS, array.array("i", passing))] if passing else []
            try:
                self._socket.sendmsg([marshal.dumps((number, what, *arguments))], beside)
                code, value, passed = self._answer(number)
            except ConnectionError:
                raise closed() from None
        if code:
            raise OSError(code, os.strerror(code))
        return value, passed

    def _answer(self, number):
        """(error number or 0, value, descriptors) of the answer to this request."""
        kept = []
        try:
            while True:
                answer, passed = self._receive()
                if answer is None:
                    raise closed()
                if answer[0] == number:
                    kept += passed
                    if answer[1] != ON_THE_WAY:
                        return *answer[1:], kept
                else:
                    _close(passed)  # the answer to a request that was interrupted while it waited
        except BaseException:
            _close(kept)
            raise

    def _receive(self):
        """(the next answer, its descriptors); (None, []) once the helper has ended."""
        data, beside, _, _ = self._socket.recvmsg(
            LONGEST_ANSWER, _socket.CMSG_SPACE(4 * MOST_PASSED), MSG_CMSG_CLOEXEC
        )
        passed = array.array("i")
        for level, kind, rights in beside:
            if (level, kind) == (_socket.SOL_SOCKET, _socket.SCM_RIGHTS):
                passed.frombytes(rights[: len(rights) - len(rights) % passed.itemsize])
        return (marshal.loads(data) if data else None), list(passed)

    def close(self):
        """End the helper and all that lives in its namespaces, and wait for that; again: nothing."""
        if self._socket.fileno() >= 0:
            try:
                # For all who hold it: a fork of this process may.
                self._socket.shutdown(_socket.SHUT_RDWR)
            except OSError:
                pass  # it ended by itself
            with self._lock:
                self._socket.close()
        if self._process is not None:
            try:
                self._process.wait(ENDS_WITHIN)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()

    def forked(self):
        """In a fork: give up our copy. The helper is the parent's, and not for us to wait for."""
        self._socket.close()
        self._process.returncode = 0


def closed():
    """The error of a request to a network that is no more."""
    return OSError(errno.ENETDOWN, "this network is closed")


def _close(descriptors):
    for fd in descriptors:
        os.close(fd)
