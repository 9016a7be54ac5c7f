"""What a line of the class's protocol means, and what is left of a name when it is cleaned. Pure: no I/O.

Everything here was typed by somebody in the room, perhaps to see what happens. A name goes to a projector,
into a terminal and into a page: so it keeps only what a person can read, in an order that nothing can turn
around, and short. It is not escaped: `<b>` is a name like any other, and whoever draws it escapes it for
where it is drawn.
"""

from __future__ import annotations

import re
import unicodedata
from typing import NamedTuple

LONGEST_NAME = 24  # characters
MARKS = 2  # combining marks kept on one letter: Vietnamese needs two, and a pile of them covers its neighbors
_LOOKED_AT = 400  # characters of a name that are looked at at all

# Controls, formats (turning the text around, of no width), halves of surrogates, private and unassigned ones.
_DROPPED = {"Cc", "Cf", "Cs", "Co", "Cn"}
_SPACES = {"Zs", "Zl", "Zp"}
# Letters and marks by their category that nobody sees: fillers, selectors of variants, the blank of Braille.
_INVISIBLE = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\uffa0\ufe00-\ufe0f\U000e0000-\U000e0fff]"
)
_PORT = re.compile("[0-9]{1,9}")


class Said(NamedTuple):
    """What a line asks for: `what` is "name", "ask", "word", "visit", "no port", "echo" or "not text"."""

    what: str
    text: str = ""
    behavior: str = ""


ECHO, NOT_TEXT, ASK, NO_PORT = Said("echo"), Said("not text"), Said("ask"), Said("no port")


def meaning(line):
    """What `line` (bytes, without its newline) means. Never raises. A "\\r" at its end is no part of it."""
    try:
        text = line.decode()
    except UnicodeDecodeError:
        return NOT_TEXT
    text = text.rstrip("\r")
    # In any case of letters: a name that came back would leave the board without a row, and nobody knew why.
    if text[:4].lower() == "i am" and text[4:5] in ("", " "):
        return Said("name", text[5:])
    if text == "word?":
        return ASK
    first, _, rest = text.partition(" ")
    if first == "word" and rest:
        return Said("word", rest)
    if first == "visit":
        port, _, behavior = rest.strip().partition(" ")
        return Said("visit", port, behavior.strip()) if _PORT.fullmatch(port) else NO_PORT
    return ECHO


def cleaned(text, most=LONGEST_NAME):
    """`text` as a name of at most `most` characters, one space between words; "" where nothing is left."""
    kept, marks = [], MARKS
    for letter in unicodedata.normalize("NFC", _INVISIBLE.sub("", text[:_LOOKED_AT])):
        kind = unicodedata.category(letter)
        if kind in _SPACES or letter in "\t\n\r\v\f":
            letter, marks = " ", MARKS  # nothing for a mark to stand on
        elif kind in _DROPPED:
            continue
        elif kind[0] == "M":
            if marks == MARKS:
                continue
            marks += 1
        else:
            marks = 0
        if letter != " " or (kept and kept[-1] != " "):
            kept.append(letter)
    return "".join(kept)[:most].strip()


def folded(name):
    """What two spellings of one name have in common: neither case nor form decides who somebody is."""
    return unicodedata.normalize("NFKC", name).casefold()


def quoted(data, most=40):
    """Bytes that somebody sent, as a readable text of at most `most` characters."""
    text = bytes(data[: 4 * most]).decode(errors="replace")
    text = "".join(letter if letter.isprintable() else "�" for letter in text)
    shown = cleaned(text, most)
    if not shown:
        return f"{len(data)} bytes that are no text" if data else "nothing"
    return shown if len(shown) == len(text.strip()) and len(data) <= 4 * most else shown[: most - 1] + "…"
