"""What is seen of live views, for the tests of widgets."""

from __future__ import annotations

import threading

from labsupport.widgets import bundle
from labsupport.widgets.sampler import NAME

WIDGET = bundle.WIDGET


def sampler_threads():
    return [thread for thread in threading.enumerate() if thread.name == NAME]


def cards(view):
    """The live cards' SVG, as the page has it."""
    view.widget
    return [card.value for card in view._cards]
