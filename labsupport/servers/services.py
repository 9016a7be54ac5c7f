"""The four small services that every host once offered, for whatever needs somebody to talk to.

Their RFCs are a page each, which makes them good company for a lesson: Echo (862), Discard (863), Chargen
(864) and Daytime (867).
"""

from __future__ import annotations

import socket
import time

from labsupport.servers.base import Server
from labsupport.servers.echoing import EchoingConversation

_MONTHS = "JAN FEB MAR APR MAY JUN JUL AUG SEP OCT NOV DEC".split()


def _chargen_pattern():
    """RFC 864's lines: 72 of the 95 printing characters, CR LF; each begins one character later."""
    ring = bytes(range(32, 127))
    return b"".join((ring[first:] + ring[:first])[:72] + b"\r\n" for first in range(len(ring)))


class EchoServer(Server):
    """Sends back whatever arrives, byte for byte, or datagram for datagram (RFC 862).

    When the client has ended, the server sends what is left and ends too. A client that does not read is not
    read from.
    """

    _types = (socket.SOCK_STREAM, socket.SOCK_DGRAM)
    _conversation = EchoingConversation

    def _received(self, conversation, data):
        conversation.write(data)

    def _datagram(self, data):
        return data


class DiscardServer(Server):
    """Reads whatever arrives and throws it away (RFC 863)."""

    _types = (socket.SOCK_STREAM, socket.SOCK_DGRAM)


class ChargenServer(Server):
    """Sends lines of 72 characters while the client reads them; what arrives is thrown away (RFC 864)."""

    _answers = False
    # The pattern repeats after 95 lines. Several rounds of it at once keep a fast reader busy.
    _PATTERN = memoryview(_chargen_pattern() * 16)

    def _opened(self, conversation):
        conversation.be_eager()

    def _drained(self, conversation):
        # What the kernel did not take stays pending, so every new write begins with a new round.
        conversation.write(self._PATTERN)


class DaytimeServer(Server):
    """Sends one line with the day and the time, UTC, and ends the connection (RFC 867)."""

    def _opened(self, conversation):
        conversation.write(daytime(time.gmtime()))
        conversation.end()


def daytime(when):
    """RFC 867's line, b"22 FEB 1982 17:37:43 UTC\\r\\n": equally long on every day, in no local language."""
    clock = f"{when.tm_hour:02}:{when.tm_min:02}:{when.tm_sec:02}"
    return f"{when.tm_mday:02} {_MONTHS[when.tm_mon - 1]} {when.tm_year} {clock} UTC\r\n".encode("ascii")
