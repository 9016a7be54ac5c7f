"""Two hosts and a wire between them, private to this process, without root.

A child process owns the hosts' network namespaces, and passes the sockets asked for. So the notebook holds
ordinary `socket.socket` objects that live on 10.0.0.1 and 10.0.0.2, and carries every packet between them
itself: it sees all of them, and may delay, drop, hold and step.
"""

from labsupport.network.network import Network
from labsupport.network.reasons import NetworkUnavailable

__all__ = ["Network", "NetworkUnavailable"]
