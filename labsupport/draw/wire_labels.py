"""What stands on an arrow, in pieces that look different: what it is, what it carries, what became of it."""

from __future__ import annotations

from labsupport.draw import theme

SIZE = 12  # pixels
LOOKS = {
    "bold": ' font-weight="650"',
    "plain": "",
    "dim": ' fill="var(--dim)"',
    "small": ' fill="var(--dim)" font-size="10"',
    "mono": ' fill="var(--dim)" class="m" font-size="11"',
    "bad": ' fill="var(--x)" font-weight="650"',
}
_SIZES = {"small": 10, "mono": 11}
_GAP = 5  # pixels between two pieces
_SPACE = f' dx="{_GAP}"'


def pieces(arrow, live, again=False, room=None):
    """The label of an arrow as (words, style) pairs, style one of LOOKS; `again`: of its second arrival.

    What does not fit into `room` pixels is left out: first the payload, then the numbers.
    """
    said = [(arrow.name, "dim")] if arrow.name else []
    if again:
        return [*said, (arrow.said, "plain"), ("once more", "dim")]
    if arrow.said.startswith("ACK, "):
        said += [("ACK,", "plain"), (arrow.said.removeprefix("ACK, "), "bold")]
    else:
        said.append((arrow.said, "plain" if arrow.said == "ACK" else "bold"))
    if arrow.excerpt:
        said.append((arrow.excerpt, "mono"))
    if arrow.note:
        said.append((arrow.note, "dim"))
    if arrow.fate and arrow.arrived:
        said.append((arrow.fate, "bad" if arrow.bad else "dim"))
    if live and arrow.numbers:
        said.append((arrow.numbers, "small"))
    for style in ("mono", "small"):
        if room is not None and wide(said) > room:
            said = [piece for piece in said if piece[1] != style]
    return said


def wide(said):
    """How many pixels the pieces take."""
    return sum(_piece(*piece) + _GAP for piece in said) - _GAP if said else 0


def _piece(words, style):
    return theme.width(words, _SIZES.get(style, SIZE), bold=style in ("bold", "bad"), mono=style == "mono")


def spans(said):
    """The pieces as SVG, for the inside of a `<text>`."""
    return "".join(
        f"<tspan{LOOKS[style]}{_SPACE if at else ''}>{theme.escape(words)}</tspan>"
        for at, (words, style) in enumerate(said)
    )
