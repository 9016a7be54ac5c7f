"""The private network's child: a small process that owns the hosts' namespaces, and serves requests.

Run as a script by its path (`python -I -S helper.py …`), never imported. It must be a fresh process: a user
namespace can only be entered with a single thread (unshare(2)), and a notebook kernel has many. It must be
quick, so it imports next to nothing, and speaks rtnetlink(7) by hand. It never touches a packet: it passes
each host's TUN descriptor to its parent, together with a socket to ask that host's sock_diag(7), then makes
sockets and starts programs where it is told to.

It ends when its parent does, however that ended. The end of the control socket says so, and a pidfd of the
parent, for a fork of the parent may hold the control socket's other end. PR_SET_PDEATHSIG would not do: it
fires when the creating *thread* ends. With it end the programs, whatever they made of themselves: they live
in a process namespace whose init is a child of this process.

What it does is in rtnetlink.py, namespaces.py and service.py beside it: an imported module is compiled once
and kept, a script every time.
"""

import _socket
import errno
import os
import sys


def main(control_fd, parent, hosts, ipv6, mtu):
    """Make the network, pass its descriptors, serve until the end."""
    from labsupport.network import namespaces, service

    os.set_inheritable(control_fd, False)
    control = _socket.socket(fileno=control_fd)
    try:
        ending = os.pidfd_open(parent)
        if os.getppid() != parent:
            return
    except OSError:
        ending = None  # a kernel before 5.3: the control socket's end has to do
    try:
        namespaces.enter_user_namespace()
        namespaces.separate_tables()
        made = [namespaces.Namespace(number, ipv6, mtu) for number in range(1, hosts + 1)]
    except OSError as error:
        service.answer(control, (0, error.errno or errno.EIO, namespaces.stage))
        return
    service.answer(control, (0, 0, None), [fd for host in made for fd in (host.tun, host.diag.fileno())])
    for host in made:
        host.passed_on()
    service.Service(control, ending, made).serve()


def find_siblings():
    """Let the modules beside this file be imported under their names, without what their packages import."""
    here = os.path.dirname(os.path.abspath(__file__))
    for name, folder in (("labsupport", os.path.dirname(here)), ("labsupport.network", here)):
        package = sys.modules[name] = type(sys)(name)
        package.__path__ = [folder]


if __name__ == "__main__":
    find_siblings()
    main(*(int(argument) for argument in sys.argv[1:]))
