"""Marks for tests that need what not every machine has."""

from __future__ import annotations

import sys

import pytest

from labsupport.network.network import missing

_missing = missing()
needs_network = pytest.mark.skipif(_missing is not None, reason=str(_missing))
linux = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="as Linux has it")
