"""Live views around `draw`: `watch`, `predict`, and the mimebundles of values that draw themselves.

ipywidgets is imported when the first widget is made; without it every view still has its text and its
picture.
"""

from __future__ import annotations

from labsupport.widgets.bundle import diagram_bundle, report_bundle, snapshot_bundle, timeline_bundle
from labsupport.widgets.callcard import call_bundle
from labsupport.widgets.network_panel import network_bundle, sockets_bundle
from labsupport.widgets.predict import Prediction, predict
from labsupport.widgets.scoreboard import progress_bundle
from labsupport.widgets.verdict import hint_bundle, program_bundle, solution_bundle, verdict_bundle
from labsupport.widgets.watch import View, watch

__all__ = [
    "Prediction",
    "View",
    "call_bundle",
    "diagram_bundle",
    "hint_bundle",
    "network_bundle",
    "predict",
    "program_bundle",
    "progress_bundle",
    "report_bundle",
    "snapshot_bundle",
    "sockets_bundle",
    "solution_bundle",
    "timeline_bundle",
    "verdict_bundle",
    "watch",
]
