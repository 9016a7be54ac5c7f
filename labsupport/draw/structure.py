"""A structure of C's as its bytes in memory: a field a line, each byte a box, and what they mean beside
it."""

from __future__ import annotations

from labsupport.draw import theme

WIDTH, TOP, STEP = 720, 56, 34
_OFFSET, _NAME, _BYTES, _BOX = 44, 56, 180, 20
_ROW = 16  # bytes in a line of boxes; a longer field is cut to its first line


def structure_svg(structure, live=False):
    """`structure` (`c_type`, `size` in bytes, `rows()` of (offset, name, bytes, meaning)) as SVG, 640 pixels
    wide."""
    rows = structure.rows()
    high = TOP + STEP * len(rows) + 10
    body = [
        theme.sheet(WIDTH, high),
        theme.text(18, 27, structure.c_type, size=14, weight=650, mono=True),
        theme.text(WIDTH - 18, 27, f"{structure.size} bytes", size=11.5, fill="dim", anchor="end"),
    ]
    for number, row in enumerate(rows):
        body.append(_row(*row, TOP + STEP * number))
    spoken = ". ".join(f"{name}, at {at}: {said or data.hex(' ')}" for at, name, data, said in rows)
    return theme.figure(
        WIDTH,
        high,
        "".join(body),
        title=f"The bytes of a {structure.c_type}",
        description=spoken + ".",
        live=live,
    )


def _row(at, name, data, said, y):
    middle = y + _BOX / 2 + 4
    parts = [
        theme.text(_OFFSET, middle, at, size=11, fill="dim", anchor="end", mono=True),
        theme.text(_NAME, middle, name, size=12, mono=True),
    ]
    shown = data[: _ROW - 1] if len(data) > _ROW else data
    for number, byte in enumerate(shown):
        x = _BYTES + _BOX * number
        parts.append(theme.rect(x, y, _BOX, _BOX, "var(--soft)", line="var(--line)"))
        parts.append(theme.text(x + _BOX / 2, middle, f"{byte:02x}", size=10.5, anchor="middle", mono=True))
    x = _BYTES + _BOX * len(shown)
    if len(data) > len(shown):
        more = f"… {len(data) - len(shown)} more"
        parts.append(theme.text(x + 8, middle, more, size=11, fill="dim"))
        x += 66
    room = WIDTH - 24 - (x + 12)
    parts.append(theme.text(x + 12, middle, theme.fitted(said, 12.5, room), size=12.5, fill="k", weight=600))
    return "".join(parts)
