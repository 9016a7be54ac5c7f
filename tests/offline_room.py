"""Sets a room up from a stick, where no network is: run by test_lab_wheels.py, in a namespace of its own.

`python offline_room.py COURSE EXTRA…`, or `python offline_room.py proxy` for the hub's proxy. Prints how
it went as JSON; whatever goes wrong ends it with that.
"""

from __future__ import annotations

import json
import pathlib
import socket
import subprocess
import sys
import urllib.request
from urllib.parse import urlsplit

from labsupport import until

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tools"))
import labpage  # noqa: E402

# What a learner's kernel does first, and what a teacher's hub does.
TRIES = {
    (): "from labsupport import EchoServer; import socket\n"
    "with EchoServer() as server, socket.create_connection(server.address) as s:\n"
    "    s.sendall(b'hello'); assert s.recv(9) == b'hello'",
    ("classroom",): "import jupyterhub.app, jupyterhub.singleuser, sudospawner, systemdspawner",
    ("test",): "import pytest, nbval, nbclient",
}


def main(course: pathlib.Path, extras: list[str]) -> None:
    told = {"reached": way_out(), "interfaces": interfaces()}
    command = [sys.executable, str(course / "lab.py")]
    done = subprocess.run([*command, "setup", *extras], text=True, stdout=subprocess.PIPE, timeout=500)
    if done.returncode:
        sys.exit(f"the set-up failed:\n{done.stdout}")
    told["setup"] = done.stdout
    for needed, code in TRIES.items():
        if set(needed) <= set(extras):
            subprocess.run([course / ".venv/bin/python", "-c", code], check=True, timeout=60)
    with labpage.running_lab([*command, "--no-browser", "--port=0"], cwd=course) as (address, token):
        until(lambda: reached(urlsplit(address).hostname, urlsplit(address).port), timeout=60)
        told["page"] = get(f"{address}/lab?token={token}")
        listing = json.loads(get(f"{address}/api/contents?token={token}"))
        told["notebooks"] = [entry["name"] for entry in listing["content"]]
    print(json.dumps(told))


def proxy() -> None:
    """The hub's proxy, as found on the path: it starts, and answers the hub."""
    ports = [free_port(), free_port()]
    command = f"configurable-http-proxy --ip 127.0.0.1 --port {ports[0]} --api-port {ports[1]}"
    with subprocess.Popen(command.split(), stdout=subprocess.DEVNULL) as process:
        try:
            until(lambda: reached("127.0.0.1", ports[1]), timeout=60)
            routes = get(f"http://127.0.0.1:{ports[1]}/api/routes", {"Authorization": "token word"})
            print(json.dumps({"reached": way_out(), "routes": json.loads(routes)}))
        finally:
            process.terminate()


def free_port() -> int:
    """A port of this network, which is nobody else's."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return probe.getsockname()[1]


def get(url: str, headers: dict[str, str] | None = None) -> str:
    with urllib.request.urlopen(urllib.request.Request(url, headers=headers or {}), timeout=30) as answer:
        return answer.read().decode()


def way_out() -> bool:
    """Whether the kernel knows a way to any other machine: to one that nobody has (RFC 5737). Sends nothing."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 443))
        except OSError:
            return False
    return True


def reached(host: str, port: int) -> bool:
    """Whether somebody listens there."""
    try:
        socket.create_connection((host, port), timeout=5).close()
    except OSError:
        return False
    return True


def interfaces() -> list[str]:
    """The names of the network's interfaces."""
    return [name for _, name in socket.if_nameindex()]


if __name__ == "__main__":
    proxy() if sys.argv[1] == "proxy" else main(pathlib.Path(sys.argv[1]).resolve(), sys.argv[2:])
