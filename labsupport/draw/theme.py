"""The colors, letters and small pieces that all drawings share.

A drawing is one SVG text, with every rule under one class so that several on a page do not disturb each
other, and with no ids, so that nothing in it clashes or varies. There are two dresses. A *live* drawing
stands inside JupyterLab and takes the page's variables. A *stored* one has to look well by itself, in a file
or on a page without a kernel: it carries its own palette, light or dark as the reader's system is.
"""

from __future__ import annotations

from functools import lru_cache
from xml.sax.saxutils import escape as _escape

SANS = 'ui-sans-serif,system-ui,-apple-system,"Segoe UI",Roboto,"Liberation Sans",sans-serif'
MONO = 'ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono",monospace'

# Client, server, kernel, lost; ink, dim ink, paper, a soft fill, a thin line. Every ink has a contrast of at
# least 4.5 : 1 on its paper (WCAG 2.1, 1.4.3).
LIGHT = {
    "c": "#2363c3",
    "s": "#b4540f",
    "k": "#5c6473",
    "x": "#b91c1c",
    "ink": "#1f2430",
    "dim": "#5f6675",
    "paper": "#ffffff",
    "soft": "#f1f4f9",
    "line": "#d5dae3",
}
DARK = {
    "c": "#7ab0ff",
    "s": "#f0a064",
    "k": "#a9b1bf",
    "x": "#ff8585",
    "ink": "#e6e9f0",
    "dim": "#a0a8b7",
    "paper": "#16181d",
    "soft": "#232831",
    "line": "#3a414d",
}
# What JupyterLab says about its page. Its border colors are translucent in some themes: right for a line on
# any paper.
_PAGE = {
    "ink": "--jp-content-font-color1",
    "dim": "--jp-content-font-color2",
    "paper": "--jp-layout-color1",
    "soft": "--jp-layout-color2",
    "line": "--jp-border-color2",
}
_DARK_PAGES = ('body[data-jp-theme-light="false"]', "body.vscode-dark")

NO_BREAK = "\N{NO-BREAK SPACE}"  # between a figure and its unit; not "printable", and yet to be kept
ROLES = {"client": "var(--c)", "server": "var(--s)", None: "var(--k)", "kernel": "var(--k)"}


def color(role):
    """The color of a role: "client", "server" or None, as a CSS value."""
    return ROLES.get(role, "var(--k)")


@lru_cache(maxsize=2)
def style(live):
    """The `<style>` element of a drawing in the live or in the stored dress."""
    if live:
        rules = f".ls-live{{{_variables(LIGHT, _PAGE)}}}" + "".join(
            f"{page} .ls-live{{{_variables(DARK, _PAGE)}}}" for page in _DARK_PAGES
        )
    else:
        dark = f"@media (prefers-color-scheme:dark){{.ls-own{{{_variables(DARK)}}}}}"
        rules = f".ls-own{{{_variables(LIGHT)}}}{dark}"
    name = dress(live)
    return (
        f"<style>{rules}.{name}{{font-family:{SANS}}}.{name} .m{{font-family:{MONO};white-space:pre}}</style>"
    )


def dress(live):
    """The class that a drawing's rules stand under."""
    return "ls-live" if live else "ls-own"


def _variables(palette, page=None):
    page = page or {}
    return ";".join(
        f"--{name}:var({page[name]},{value})" if name in page else f"--{name}:{value}"
        for name, value in palette.items()
    )


def escape(text):
    """`text` fit to stand in SVG; control characters, which XML forbids, become the replacement character."""
    said = str(text)
    if not said.isprintable():
        said = "".join(
            letter if letter.isprintable() or letter == NO_BREAK else "\N{REPLACEMENT CHARACTER}"
            for letter in said
        )
    return _escape(said, {'"': "&quot;"})


def figure(width, height, body, *, title, description, live):
    """A whole drawing: `body` in an `<svg>` of `width` × `height` pixels that shrinks with its pane."""
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}"'
        f' height="{height}" class="{dress(live)}" role="img" style="max-width:100%;height:auto">'
        f"<title>{escape(title)}</title><desc>{escape(description)}</desc>{style(live)}{body}</svg>"
    )


@lru_cache(
    maxsize=4096
)  # a live card is drawn many times a second, and most of its words are those of a moment ago
def text(x, y, said, *, size=12, fill="ink", anchor="start", weight=None, mono=False, italic=False, extra=""):
    """One line of letters; `fill` is a palette name or a CSS value, `size` is in pixels."""
    paint = f"var(--{fill})" if fill in LIGHT else fill
    return (
        f'<text x="{number(x)}" y="{number(y)}" font-size="{size}" fill="{paint}"'
        + (f' text-anchor="{anchor}"' if anchor != "start" else "")
        + (f' font-weight="{weight}"' if weight else "")
        + (' class="m"' if mono else "")
        + (' font-style="italic"' if italic else "")
        + f"{extra}>{escape(said)}</text>"
    )


def rect(x, y, wide, high, fill, *, radius=0, line=None, extra=""):
    """A rectangle; `line` is its outline's color, `extra` further attributes."""
    return (
        f'<rect x="{number(x)}" y="{number(y)}" width="{number(wide)}" height="{number(high)}" fill="{fill}"'
        + (f' rx="{number(radius)}"' if radius else "")
        + (f' stroke="{line}"' if line else "")
        + f"{extra}/>"
    )


def sheet(wide, high):
    """The paper of a whole drawing."""
    return rect(0.5, 0.5, wide - 1, high - 1, "var(--paper)", radius=10, line="var(--line)")


def pill(x, y, said, *, size=10, ink, fill, stroke, weight=600, dashed=False, height=None, anchor="middle"):
    """A state's name in a rounded frame, centered on `x`, `y` (or with its start or end there)."""
    wide, high = width(said, size, bold=True) + 1.4 * size, height or round(size * 1.8, 1)
    left = {"middle": x - wide / 2, "start": x, "end": x - wide}[anchor]
    dashes = ' stroke-dasharray="3 2.2"' if dashed else ""
    return (
        f'<rect x="{number(left)}" y="{number(y - high / 2)}" width="{number(wide)}" height="{number(high)}"'
        f' rx="{number(high / 2)}" fill="{fill}" stroke="{stroke}" stroke-width="1.2"{dashes}/>'
        + text(left + wide / 2, y + size * 0.36, said, size=size, fill=ink, anchor="middle", weight=weight)
    )


@lru_cache(maxsize=4096)
def width(said, size, *, bold=False, mono=False):
    """About how many pixels `said` takes: close enough for frames and shortening in any font."""
    if mono:
        return len(said) * size * 0.602
    return sum(_advance(letter) for letter in said) * size * (1.06 if bold else 1)


def _advance(letter):
    if letter in "iljI.,:;'|! ":
        return 0.36
    if letter in "()[]":
        return 0.44
    if letter.isdigit():
        return 0.66
    if letter in "MWmw@%—":
        return 0.95
    return 0.68 if letter.isupper() else 0.59


@lru_cache(maxsize=4096)
def fitted(said, size, room, *, bold=False, mono=False):
    """`said`, shortened with "…" to fit into `room` pixels."""
    if width(said, size, bold=bold, mono=mono) <= room:
        return said
    while said and width(said + "…", size, bold=bold, mono=mono) > room:
        said = said[:-1]
    return said + "…"


def wrapped(said, size, room):
    """`said` in monospaced lines, broken at spaces; one too long for a line goes on in the next."""
    lines, most = [], max(8, int(room / width("m", size, mono=True)))
    for word in said.split(" ") if said else []:
        if lines and len(lines[-1]) + 1 + len(word) <= most:
            lines[-1] += f" {word}"
            continue
        line = ("  " if lines else "") + word
        if lines and len(line) > most:
            line = f"{lines.pop()} {word}"
        while len(line) > most:
            lines.append(line[:most])
            line = "  " + line[most:]
        lines.append(line)
    return lines


def number(value):
    """A coordinate with at most one decimal, so that a drawing's text stays short."""
    return f"{value:.1f}".rstrip("0").rstrip(".")


def count(value):
    """A figure with its thousands apart; "–" for one that the kernel does not keep."""
    return "–" if value is None else f"{value:,}"
