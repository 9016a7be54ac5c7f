"""Marks for tests that need what not every machine has."""

from __future__ import annotations

import pytest

from labsupport.network.network import missing

_missing = missing()
needs_network = pytest.mark.skipif(_missing is not None, reason=str(_missing))
