"""Which cells of which notebooks a machine without an ability cannot run: the notebooks' own tags say it."""

from __future__ import annotations

import json
from pathlib import Path

from labsupport import needs

NOTEBOOKS = Path(__file__).resolve().parent.parent / "notebooks"
# A cell's tag, doctor()'s ability. Where TUN devices can be had, user namespaces can.
ABILITIES = {"needs-network": "TUN devices", "needs-ipv6": "IPv6 loopback", "needs-cc": "C compiler"}
BBR = "needs-bbr"  # a congestion control that one passage of 18 is about; no ability of doctor()'s


def affected(abilities, folder: Path = NOTEBOOKS) -> dict[str, dict[str, list[str]]]:
    """{what is missing: {notebook: [cell ids]}} of a machine with these `abilities`; {} where nothing is.

    The cells show a recording, or one line that says what is missing. {} too without the notebooks.
    """
    missing = {ability.name for ability in abilities if not ability.present}
    tags = {tag: name for tag, name in ABILITIES.items() if name in missing}
    if needs.bbr():
        tags[BBR] = "BBR"
    found = {name: {} for name in tags.values()}
    for file in sorted(folder.glob("[0-9][0-9]-*.ipynb")) if tags else ():
        for tag, cell in _tagged(file):
            if tag in tags:
                found[tags[tag]].setdefault(file.stem[:2], []).append(cell)
    return {name: cells for name, cells in found.items() if cells}


def _tagged(file):
    """(tag, cell id) for each tag of each cell."""
    try:
        cells = json.loads(file.read_text("utf-8"))["cells"]
    except (OSError, ValueError, LookupError):  # somebody's half-written copy: doctor() has more to say
        return
    for cell in cells:
        for tag in cell.get("metadata", {}).get("tags", ()):
            yield tag, cell.get("id", "")
