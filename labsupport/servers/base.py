"""What every helper server is: somebody to talk to, in a background thread, gone without a trace when closed.

A server listens when its constructor returns, on a port that the kernel picked, so nothing has to be waited
for and nothing can collide. It never prints: what it did is in `log`, what went wrong inside it is in
`errors` and is raised where the learner looks, by `close()` or at the end of a `with` block. What a
particular server does with a conversation is written in a subclass, in the five hooks at the end.
"""

from __future__ import annotations

import _socket
import errno
import os
import socket
import threading

from labsupport import tidying
from labsupport.closing import Closing
from labsupport.servers import arguments
from labsupport.servers.conversation import Conversation
from labsupport.servers.datagrams import Datagrams
from labsupport.servers.door import Door, stays_closed, turn_away
from labsupport.servers.log import Log
from labsupport.servers.loop import READ, Loop

BACKLOG = 1024  # the kernel caps it at net.core.somaxconn, listen(2)
BUFFER = 256 * 1024  # bytes read at once; also the most that ever waits to be sent to one peer
BURST = 64  # connections accepted at one go
FIRST_PAUSE, LONGEST_PAUSE = 0.05, 1.0  # seconds without accept after "too many open files"

_SHORTAGES = {errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM}
# accept(2): Linux hands errors of the new connection on; they are to be treated like EAGAIN.
_OF_THE_CONNECTION = {
    getattr(errno, name)
    for name in (
        "ECONNABORTED EPERM EPROTO ENETDOWN ENOPROTOOPT EHOSTDOWN ENONET EHOSTUNREACH ENETUNREACH".split()
    )
    if hasattr(errno, name)
}


class Server(Closing):
    """A server in a background thread, listening when the constructor returns.

    `host` is an address or a private network's host; `port` 0 lets the kernel pick one. `type` is
    socket.SOCK_STREAM or, where the service has it, SOCK_DGRAM; `path` makes it a Unix socket instead, whose
    file is removed again. On loopback it serves its own user alone: another user's connections are closed at
    once (labsupport.neighbors says how far that goes). With a `word` it serves whoever sends that as the
    first line, and nobody else; streams only. Raises TypeError or ValueError for bad arguments and OSError
    where the address cannot be had.

    Attributes: `address` (what getsockname gives), `port` (None for a Unix socket), `listener` (the socket
    behind it), `connections` (accepted so far), `bytes_received`, `bytes_sent`, `log`, `errors`,
    `turned_away` (connections, or datagrams, that were not let in: they count nowhere else).
    """

    _types = (socket.SOCK_STREAM,)
    _conversation = Conversation
    _open_to_all = False  # whether it serves other users of this machine, too
    _answers = True  # what it writes answers what it reads: a peer that does not read is not read from

    def __init__(self, host="127.0.0.1", port=0, *, type=socket.SOCK_STREAM, path=None, word=None):
        name = self.__class__.__name__
        self.type = arguments.checked_type(type, self._types, name)
        word = arguments.checked_word(word, self.type)
        self.connections = self._bytes_in = self._bytes_out = 0
        self._settling = threading.Lock()
        self.log = Log(joined=self.type == socket.SOCK_STREAM)
        self.errors = []
        self._closed = False
        self._open = {}
        self._new_buffer()
        self._path = self._inode = None
        self.listener = self._make_socket(host, port, path)
        self._door = Door(stays_closed(self._open_to_all, host, path), word)
        try:
            self.listener.setblocking(False)
            self.address = self.listener.getsockname()
            self.port = None if self._path else self.address[1]
            self._where = "a Unix socket" if self._path else self.address[0]
            self._family, self._proto = int(self.listener.family), self.listener.proto
            self._pause = FIRST_PAUSE
            self._loop = Loop(f"labsupport-{name}", self._failed, self._farewell)
            self._serve_listener()
            self._loop.start()
        except BaseException:
            self._close_listener()
            raise
        tidying.register(self, "server")

    def _make_socket(self, host, port, path):
        """The bound socket, listening where the type listens."""
        make, family, where = self._place(host, port, path)
        sock = make(family, self.type)
        try:
            if family == socket.AF_INET6:
                sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            if self.type == socket.SOCK_STREAM and family != getattr(socket, "AF_UNIX", None):
                if os.name == "posix":  # on Windows it means that two may share the port
                    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                # Accepted sockets inherit it. Without it a helper's small answers could wait for the
                # learner's delayed ACK (RFC 9293 section 3.7.4), and a lesson about something else would show
                # 40 ms that nobody asked for.
                sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            sock.bind(where)
            if path is not None:
                self._path, self._inode = where, os.stat(where).st_ino
            if self.type == socket.SOCK_STREAM:
                sock.listen(BACKLOG)
        except BaseException:
            sock.close()
            raise
        return sock

    def _place(self, host, port, path):
        """(maker of sockets, family, address to bind)."""
        if path is not None:
            if host != "127.0.0.1" or port != 0:
                raise ValueError("path makes a Unix socket, which has neither host nor port: leave those out")
            return socket.socket, socket.AF_UNIX, arguments.checked_path(path)
        address, make = arguments.checked_host(host)
        return make, arguments.family_of(address), (address, arguments.checked_port(port))

    def _serve_listener(self):
        if self.type == socket.SOCK_STREAM:
            handler = self._accept
        else:
            handler = Datagrams(self, self.listener).ready
        self._loop.attach(self.listener.fileno(), handler)
        self.log.add(None, "listening" if self.type == socket.SOCK_STREAM else "waiting for datagrams")

    # What a learner calls

    @property
    def bytes_received(self):
        """Bytes read so far, on all connections."""
        with self._settling:
            return self._bytes_in + self._echoed()

    @property
    def bytes_sent(self):
        """Bytes written so far, on all connections, as far as the kernel has taken them."""
        with self._settling:
            return self._bytes_out + self._echoed()

    def _echoed(self):
        return sum(conversation.echoed for conversation in list(self._open.values()))

    @property
    def turned_away(self):
        """How many neighbors' connections or datagrams, and how many without the word, were not served."""
        return self._door.turned_away

    @property
    def sockets(self):
        """The accepted sockets still open, oldest first; for datagrams the one socket. To look at only."""
        if self.type == socket.SOCK_DGRAM:
            return () if self._closed else (self.listener,)
        return tuple(conversation.sock for conversation in list(self._open.values()))

    @property
    def conversations(self):
        """The connections still open, oldest first: (number, bytes received, bytes sent, state in words)."""
        return [(talk.number, talk.received, talk.sent, talk.state) for talk in list(self._open.values())]

    def close(self):
        """End the thread and close every socket; again: nothing.

        Raises the first error that the thread met, once.
        """
        self._end()
        self._raise_first()

    def _end(self):
        self._loop.stop()
        tidying.unregister(self)

    def __repr__(self):
        kind = " (UDP)" if self.type == socket.SOCK_DGRAM and not self._path else ""
        said = [f"{self.__class__.__name__} on {self._where}{kind}"]
        if self.type == socket.SOCK_STREAM:
            said.append(f"{self.connections} connection{'' if self.connections == 1 else 's'}")
        said += [f"received {self.bytes_received}", f"sent {self.bytes_sent}"]
        if self.errors:
            said.append(f"{len(self.errors)} error{'' if len(self.errors) == 1 else 's'}")
        return ", ".join(said + ["closed"] * self._closed)

    # In the loop's thread

    def _accept(self, _events):
        for _ in range(BURST):
            try:
                fd, peer = _socket.socket._accept(self.listener)  # as socket.accept does, unseen by record()
            except BlockingIOError:
                return
            except OSError as error:
                if error.errno in _SHORTAGES:
                    self._accept_later(error)
                elif error.errno in _OF_THE_CONNECTION:
                    self.log.add(None, "failed", errno.errorcode[error.errno])
                else:
                    raise
                return
            self._pause = FIRST_PAUSE
            if self._door.is_neighbor(self, peer):
                turn_away(self, fd)
            elif self._door.word is not None:
                self._door.ask(self, fd)
            else:
                self._welcome(fd)

    def _welcome(self, fd):
        sock = socket.socket(self._family, socket.SOCK_STREAM, self._proto, fd)
        sock.setblocking(False)
        number = self.connections + 1
        conversation = self._conversation(self, sock, number)
        self._open[number] = conversation
        self._loop.attach(fd, conversation.ready)
        self.log.add(number, "accepted")
        self.connections = number  # last: whoever waits for this number finds the rest in place
        self._opened(conversation)

    def _accept_later(self, error):
        """No descriptor is free: the connection stays queued, and asking again at once would only spin."""
        self.log.add(None, "accept paused", errno.errorcode[error.errno])
        fd = self.listener.fileno()
        self._loop.change(fd, 0)
        self._loop.later(self._pause, lambda: self._loop.change(fd, READ))
        self._pause = min(2 * self._pause, LONGEST_PAUSE)

    def _new_buffer(self):
        """Where the next bytes are read to; the old one is kept by whoever has not sent all of it."""
        self._buffer = bytearray(BUFFER)
        self._view = memoryview(self._buffer)

    def _forget(self, conversation):
        self._open.pop(conversation.number, None)

    def _failed(self, fd, error):
        """A handler raised: keep the error for the learner, and end what it was busy with."""
        self.errors.append(error)
        if fd is None:
            return
        self._loop.detach(fd)
        for conversation in list(self._open.values()):
            if conversation.fd == fd:
                conversation.reset()

    def _farewell(self):
        self._closed = True
        for conversation in list(self._open.values()):
            conversation.close()
        self._close_listener()
        self.log.add(None, "closed")

    def _close_listener(self):
        self.listener.close()
        self._door.close()
        if self._path:
            try:
                if os.stat(self._path).st_ino == self._inode:  # not one that somebody put in its place
                    os.unlink(self._path)
            except FileNotFoundError:
                pass

    # What a particular server does

    def _opened(self, conversation):
        """A connection was accepted."""

    def _received(self, conversation, data):
        """`data` arrived: a view that is valid only during this call."""

    def _ended(self, conversation):
        """The peer has sent all it will (FIN)."""
        conversation.end()

    def _drained(self, conversation):
        """All that was written has been taken by the kernel (after `be_eager`: there is room for more)."""

    def _datagram(self, data):
        """The answer to a datagram, or None."""
