"""Marks for tests that need what not every machine has."""

from __future__ import annotations

import sys

import neighbor
import pytest

from labsupport.network import network

_no_network, _no_neighbor = network.missing(), neighbor.missing()
needs_network = pytest.mark.skipif(_no_network is not None, reason=str(_no_network))
needs_neighbor = pytest.mark.skipif(_no_neighbor is not None, reason=f"needs another user: {_no_neighbor}")
linux = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="as Linux has it")
