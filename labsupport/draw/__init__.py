"""Pure drawing: data in, text or SVG out. No socket, no widget, no clock."""

from __future__ import annotations

from labsupport.draw.card import CardModel, card_svg, cards_svg
from labsupport.draw.diagram import Diagram, diagram_svg
from labsupport.draw.ladder import timeline_svg
from labsupport.draw.ladder_text import timeline_text
from labsupport.draw.structure import structure_svg
from labsupport.draw.text import card_text, path_text
from labsupport.draw.wire_ladder import wire_svg
from labsupport.draw.wire_text import wire_text
from labsupport.draw.wire_words import tell_event


def diagram(path=(), role=None):
    """RFC 9293's state diagram as a value that shows itself; `path` marks the way through it.

    `path`: states, or (state, seen) pairs, in order. `role`: "client", "server" or None, for the color.
    Raises ValueError for a name that is not one of RFC 9293's states.
    """
    return Diagram(path, role)


__all__ = [
    "CardModel",
    "Diagram",
    "card_svg",
    "card_text",
    "cards_svg",
    "diagram",
    "diagram_svg",
    "path_text",
    "structure_svg",
    "tell_event",
    "timeline_svg",
    "timeline_text",
    "wire_svg",
    "wire_text",
]
