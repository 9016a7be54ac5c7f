"""A notebook executed from top to bottom in a fresh kernel, and nothing of the run kept but its outputs."""

from __future__ import annotations

import copy
import os
import re

from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError
from nbformat import NotebookNode

from nboutputs import ROOT

CELL_TIMEOUT = 30  # seconds: a cell that takes longer hangs


class CellFailed(Exception):
    """A cell raised, hung or ended the kernel; the message names it and shows its source."""


def execute(notebook: NotebookNode) -> NotebookNode:
    """A copy with new outputs. CellFailed: a cell raised that is not tagged `raises-exception`."""
    fresh = copy.deepcopy(notebook)
    for cell in fresh.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    client = NotebookClient(
        fresh,
        timeout=CELL_TIMEOUT,
        kernel_name="python3",
        store_widget_state=False,
        record_timing=False,
        extra_arguments=["--IPKernelApp.log_level=ERROR"],
        # where the learner's kernel stands, too: 09 reads the notebook beside it
        resources={"metadata": {"path": str(ROOT / "notebooks")}},
    )
    try:
        client.execute(env=environment())
    except CellExecutionError as error:
        raise CellFailed(_report(fresh, str(error.traceback or error))) from None
    except (CellTimeoutError, DeadKernelError) as error:
        raise CellFailed(_report(fresh, f"{type(error).__name__}: {error}")) from None
    return fresh


def environment() -> dict[str, str]:
    """The kernel's environment: this checkout's labsupport, whichever one is installed."""
    paths = [str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(paths), "PYDEVD_DISABLE_FILE_VALIDATION": "1"}


def _report(notebook, message: str) -> str:
    """The cell that was executed last, and what it said: executing stops there."""
    started = [
        cell for cell in notebook.cells if cell.cell_type == "code" and cell.execution_count is not None
    ]
    cell = (started or notebook.cells)[-1]
    plain = re.sub(r"\x1b\[[0-9;]*m", "", message)
    plain = re.sub(r"(?s)^An error occurred.*?\n-{18}\n.*?\n-{18}\n+", "", plain)  # the source, once more
    return f"cell {cell.id} failed\n\n{cell.source}\n\n{plain}"
