"""What the helper does once the hosts are there: it makes sockets, runs programs, and changes settings.

Requests and answers are marshal'led tuples, one a message: (number, what, arguments …) and
(number, errno or 0, value), descriptors beside them (SCM_RIGHTS). Both ends are the same interpreter. An
answer's descriptors come ahead of it, beside (number, ON_THE_WAY, None): when it comes, no copy is left here.
"""

import _signal
import _socket
import errno
import marshal
import os
import select
import struct

from labsupport.network import aborting, namespaces

ON_THE_WAY = -1  # in place of an error number
LONGEST_REQUEST = 1 << 16  # bytes; what may be longer comes in a memory file
MOST_GIVEN = 8  # descriptors with a request
MOST_DESCRIPTORS = 1024
MSG_CMSG_CLOEXEC = 0x40000000  # recvmsg(2)
PR_SET_PDEATHSIG = 1  # prctl(2)


def answer(control, what, descriptors=()):
    """Send one message, and descriptors beside it."""
    rights = struct.pack(f"={len(descriptors)}i", *descriptors)
    beside = [(_socket.SOL_SOCKET, _socket.SCM_RIGHTS, rights)] if descriptors else []
    control.sendmsg([marshal.dumps(what)], beside)


class Service:
    """Answers requests, one after another, until the parent ends or says so."""

    def __init__(self, control, ending, hosts):
        self.control, self.hosts = control, hosts
        self.init = None
        self.ended = {}  # pid → how it ended, of programs that nobody has asked about yet
        self.waiting = select.poll()
        self.waiting.register(control, select.POLLIN)
        if ending is not None:
            self.waiting.register(ending, select.POLLIN)

    def serve(self):
        """Until the end; then nothing is left of the programs."""
        try:
            while all(fd == self.control.fileno() for fd, _ in self.waiting.poll()):
                message, beside, _, _ = self.control.recvmsg(
                    LONGEST_REQUEST, _socket.CMSG_SPACE(4 * MOST_GIVEN), MSG_CMSG_CLOEXEC
                )
                if not message:
                    break
                self._serve(message, beside)
        except OSError:
            pass  # the parent ended while it was answered
        finally:
            self._end()

    def _serve(self, message, beside):
        number, what, *arguments = marshal.loads(message)
        given = descriptors(beside)
        try:
            value, passed = getattr(self, "do_" + what)(*arguments, *given)
            code = 0
        except OSError as error:
            code, value, passed = error.errno or errno.EIO, None, ()
        except Exception:  # numbers that are none, a NUL in a name
            code, value, passed = errno.EINVAL, None, ()
        try:
            if passed:
                answer(self.control, (number, ON_THE_WAY, None), passed)
        finally:
            for fd in (*passed, *given):
                os.close(fd)
        # Only now: a socket closed by whoever asked is not closed as long as a copy of it is here.
        answer(self.control, (number, code, value))

    def do_socket(self, host, family, kind, protocol):
        """A socket that lives on `host`."""
        self.hosts[host].enter()
        return None, (_socket.socket(family, kind, protocol).detach(),)

    def do_setting(self, host, name, value):
        """Read one of the host's settings below /proc/sys, or write it."""
        self.hosts[host].enter()
        if value is not None:
            namespaces.write("/proc/sys/" + name, value)
        with open("/proc/sys/" + name) as file:
            return file.read(), ()

    def do_route(self, quickack, rto_min):
        """Metrics of every host's route to the others."""
        for host in self.hosts:
            host.route(quickack, rto_min)
        return None, ()

    def do_run(self, host, order, *standard):
        """Start a program on `host`: (its process number, a pidfd)."""
        if self.init is None:
            self._make_init()
        self.hosts[host].enter()
        argv, environment, folder = marshal.loads(os.pread(order, os.fstat(order).st_size, 0))
        pid = started(argv, environment, folder, standard)
        return pid, (os.pidfd_open(pid),)

    def do_ended(self, pid):
        """How a program ended, as os.waitstatus_to_exitcode has it; None while it runs."""
        self._reap()
        return self.ended.pop(pid, None), ()

    def _make_init(self):
        """A process namespace, and its first process: when that ends, the kernel kills all the others."""
        import ctypes

        namespaces.unshare(namespaces.CLONE_NEWPID)
        pid = os.fork()
        if pid:
            self.init = pid
            return
        try:
            ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, _signal.SIGKILL)  # one thread: it is the process's end
            os.closerange(0, MOST_DESCRIPTORS)
            _signal.signal(_signal.SIGCHLD, _signal.SIG_IGN)  # orphans are adopted, and need no wait
            while True:
                _signal.pause()
        finally:
            os._exit(1)

    def _reap(self):
        try:
            while True:
                pid, status = os.waitpid(-1, os.WNOHANG)
                if not pid:
                    return
                self.ended[pid] = os.waitstatus_to_exitcode(status)
        except ChildProcessError:
            pass

    def _end(self):
        self.control.close()
        if self.init is not None:
            os.kill(self.init, _signal.SIGKILL)
            try:
                while True:  # init's end waits for us to have taken note of the others'
                    os.waitpid(-1, 0)
            except ChildProcessError:
                pass
        for host in self.hosts:
            host.enter()
            for name, value in namespaces.FAREWELL.items():
                namespaces.setting(name, value)
            aborting.abort_connections()


def descriptors(beside):
    """The descriptors that came with a message."""
    data = b"".join(data for level, kind, data in beside if kind == _socket.SCM_RIGHTS)
    return struct.unpack(f"={len(data) // 4}i", data)


def started(argv, environment, folder, standard):
    """Fork and become the program; its number. OSError where it could not be begun."""
    said, say = os.pipe()  # closed by a successful exec
    pid = os.fork()
    if not pid:
        code = errno.EIO
        try:
            os.setsid()
            for number, fd in enumerate(standard):
                os.dup2(fd, number)
            for ignored in (_signal.SIGPIPE, _signal.SIGXFSZ):  # by Python; programs do not expect that
                _signal.signal(ignored, _signal.SIG_DFL)
            os.chdir(folder)
            os.execvpe(argv[0], argv, environment)
        except OSError as error:
            code = error.errno
        finally:
            os.write(say, struct.pack("=i", code))
            os._exit(127)
    os.close(say)
    try:
        failed = os.read(said, 4)
    finally:
        os.close(said)
    if failed:
        os.waitpid(pid, 0)
        (code,) = struct.unpack("=i", failed)
        raise OSError(code, os.strerror(code))
    return pid
