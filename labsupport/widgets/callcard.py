"""The card of a background call: what it is, how long it waits, in which state its socket is, and a button to
free it.
"""

from __future__ import annotations

import weakref

from labsupport.widgets.eyes import CallEye
from labsupport.widgets.watch import View

_views = weakref.WeakKeyDictionary()


def call_bundle(call):
    """The mimebundle of a BackgroundCall. Displayed again, it is the same card on the page."""
    view = _views.get(call)
    if view is None or view.closed:
        view = _views[call] = View([CallEye(call, "")], buttons=True)
    data, metadata = view._repr_mimebundle_()
    return {**data, "text/plain": repr(call)}, metadata


bundle = call_bundle
