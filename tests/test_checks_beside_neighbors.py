"""On a machine that others share a check judges its learner alone, whatever a neighbor sends."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from needs import linux, needs_neighbor

pytestmark = linux  # it tells whose a socket is
# In a network of its own, for the neighbor calls at every port there is: at a listener again and again.
FLOODS = """
kept, datagrams = [], socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
def ports(path, state):
    for row in open(path).read().splitlines()[1:]:
        _, local, _, what, *_ = row.split()
        if what == state:
            host, port = local.split(":")
            yield socket.inet_ntoa(bytes.fromhex(host)[::-1]), int(port, 16)
print("floods", flush=True)
while True:
    for address in ports("/proc/self/net/tcp", "0A"):
        sock = socket.socket()
        sock.setblocking(False)
        sock.connect_ex(address)
        kept.append(sock)
        if len(kept) > int(sys.argv[2]):
            kept.pop(0).close()
    for address in ports("/proc/self/net/udp", "07"):
        try:
            datagrams.sendto(b"neighbor", address)
        except OSError:
            pass
    time.sleep(0.001)
"""
# argv: how many connections the neighbor keeps open; then exercises. A line for each verdict that is not as
# it should be.
JUDGES = f"""
import ctypes, fcntl, os, re, socket, struct, sys
sys.path[:0] = [{str(Path(__file__).parent)!r}]
CLONE_NEWNET, SIOCSIFFLAGS, IFF_UP = 0x40000000, 0x8914, 1
libc = ctypes.CDLL(None, use_errno=True)
if libc.unshare(CLONE_NEWNET):
    sys.exit("skip: " + os.strerror(ctypes.get_errno()))
with socket.socket() as sock:
    fcntl.ioctl(sock, SIOCSIFFLAGS, struct.pack("16sH14x", b"lo", IFF_UP))
import answer_files
from answer_files import Judged, answers
from neighbor import Neighbor
if "room_in_queue" in sys.argv:  # beside others a check waits for their processes, and the neighbor does not
    answer_files.AT_ONCE = 1
every = [answer for name in sys.argv[2:] for answer in answers(name)]
with Neighbor({FLOODS!r}, sys.argv[1]) as neighbor:
    assert neighbor.said() == "floods"
    judged = Judged([(answer.name, answer.source) for answer in every])
    for answer in every:
        verdict = judged[answer.name, answer.source]
        if verdict.passed != (answer.kind == "right") or not re.search(answer.says, verdict.message):
            print(answer, verdict.message)
kinds = [answer.kind for answer in every]
print("judged", kinds.count("right") > 0, kinds.count("wrong") > 0)
"""


def flooded(kept, *exercises):
    """What is wrong about the verdicts on all known answers to these exercises beside a flooding neighbor."""
    command = [sys.executable, "-c", JUDGES, str(kept), *exercises]
    done = subprocess.run(command, capture_output=True, text=True, timeout=240, check=False)
    if done.stderr.startswith("skip: "):
        pytest.skip(f"no network of its own for the neighbor to flood: {done.stderr[6:].strip()}")
    assert done.returncode == 0, done.stderr
    *found, last = done.stdout.splitlines()
    assert last == "judged True True"
    return found


@needs_neighbor
@pytest.mark.parametrize("kept", [200, 0], ids=["stays", "leaves-at-once"])
def test_a_verdict_is_the_same_beside_a_neighbor_that_floods(kept):
    assert flooded(kept, "last_callers", "accept_by_peer") == []


# Not room_in_queue beside one that leaves at once: it asks how much room the kernel's queue has, a neighbor's
# call takes some of it, and the kernel does not keep whose it was when it has gone.
@pytest.mark.long
@needs_neighbor
@pytest.mark.parametrize(
    ("exercise", "kept"),
    [
        (name, kept)
        for name in (
            *("accept_within", "connect_any", "ask_udp", "ask_and_read", "run_client", "serve"),
            "room_in_queue",
        )
        for kept in (200, 0)
        if (name, kept) != ("room_in_queue", 0)
    ],
)
def test_every_verdict_is_the_same_beside_a_neighbor_that_floods(exercise, kept):
    assert flooded(kept, exercise) == []
