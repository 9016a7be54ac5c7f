"""Kernels that nobody else can take the ports of: over Unix sockets, where the system has them.

A kernel's TCP ports are picked before it starts, and given back: by the time that it binds them, another
program may have one for a connection of its own, and the kernel dies.
"""

from __future__ import annotations

import os
import tempfile
import uuid
from pathlib import Path

from jupyter_client.blocking import BlockingKernelClient
from jupyter_client.manager import KernelManager

READY_WITHIN = 60  # seconds


class OwnKernel(KernelManager):
    """A KernelManager whose kernel is reached by paths of its own: at most 107 bytes long (unix(7))."""

    def __init__(self, **options):
        if os.name != "nt":
            path = Path(tempfile.gettempdir(), f"kernel-{uuid.uuid4().hex}.json")
            options = {"transport": "ipc", "connection_file": str(path), **options}
        super().__init__(**options)


def start(**options) -> tuple[OwnKernel, BlockingKernelClient]:
    """A new kernel of this Python that answers: (its manager, a client). `options`: those of start_kernel."""
    manager = OwnKernel(kernel_name="python3")
    manager.start_kernel(**options)
    client = manager.client()
    client.start_channels()
    try:
        client.wait_for_ready(timeout=READY_WITHIN)
    except RuntimeError:
        client.stop_channels()
        manager.shutdown_kernel()
        raise
    return manager, client
