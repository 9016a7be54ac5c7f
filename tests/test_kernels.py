"""What a kernel's answer is read from: structs put together by hand, and another network's sock_diag."""

from __future__ import annotations

import socket

import pytest
from conversations import connect, linux, reaches  # noqa: F401

from labsupport import observe
from labsupport.kernels import macos, other
from labsupport.kernels.sockdiag import SockDiag
from labsupport.observe import cookie, remember

pytestmark = linux


def test_macos_struct():
    """struct tcp_connection_info of XNU's bsd/netinet/tcp.h, put together field by field."""
    raw = bytearray(112)
    fields = {
        0: (4, 1),  # tcpi_state: ESTABLISHED
        16: (1448, 4),  # tcpi_maxseg
        24: (14480, 4),  # tcpi_snd_cwnd, bytes
        32: (100, 4),  # tcpi_snd_sbbytes
        44: (25, 4),  # tcpi_srtt, ms
        64: (1500, 8),  # tcpi_txbytes
        72: (500, 8),  # tcpi_txretransmitbytes
        88: (77, 8),  # tcpi_rxbytes
        104: (3, 8),  # tcpi_txretransmitpackets
    }
    for at, (value, size) in fields.items():
        raw[at : at + size] = value.to_bytes(size, "little")
    facts = macos.parse(bytes(raw), 7, (1000, 2000))
    assert facts == ("ESTABLISHED", None, 1000, 900, 77, 7, 100, 1000, 2000, 0.025, 10, 3)
    assert [macos.parse(bytes([n]) + raw[1:], 0, (1, 2)).state for n in (0, 1, 6, 10)] == [
        "CLOSED", "LISTEN", "FIN-WAIT-1", "TIME-WAIT",
    ]  # fmt: skip


def test_any_other_system(keep):
    listener = keep(socket.create_server(("127.0.0.1", 0)))
    client = keep(socket.create_connection(listener.getsockname()))
    facts = other.look(listener, listener.fileno(), None).facts
    assert (facts.state, facts.opened) == ("LISTEN", "passive") and facts.recv_buffer > 0
    assert other.look(client, client.fileno(), None).facts.state is None
    for kernel in (macos, other):
        assert kernel.identify(client) is None
        with pytest.raises(OSError, match="does not tell"):
            kernel.find(None)
    client.close()
    with pytest.raises(OSError):
        other.identify(client)


def test_the_sock_diag_of_another_network(connect):
    """A given netlink socket is asked, and left open."""
    client, _ = connect()
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 4) as netlink:
        diag = SockDiag(netlink)
        remember(client, diag=diag)
        observe(client)
        client.close()
        reaches(client, "FIN-WAIT-2")
        assert diag.find(socket.AF_INET, None, None, cookie(client)).local == observe(client).local
        assert diag.find(socket.AF_INET, None, None, cookie(client) + 1_000_000_000) is None
