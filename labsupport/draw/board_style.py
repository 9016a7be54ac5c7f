"""How the class's board looks: on a projector, where one rem is a hundredth of the screen, and in a notebook.

The colors are `theme`'s. Every rule stands under one class, so that a board disturbs nothing beside it.
"""

from __future__ import annotations

from labsupport.draw import theme

# What both have: which cell is what.
_SHARED = """
.board table{border-collapse:collapse;width:100%;font-variant-numeric:tabular-nums}
.board th,.board td{text-align:left;white-space:nowrap;overflow:hidden;text-overflow:ellipsis}
.board th{font-weight:600;color:var(--dim)}
.board .in,.board .out,.board .port{text-align:right;font-family:var(--mono)}
.board .name{font-weight:700}
.board .g small{display:block;font-weight:400}
.board .g.yes{color:var(--c);font-weight:700}
.board .g.no,.board .dim,.board .visit{color:var(--dim)}
.board .visit b{color:var(--ink);font-weight:600}
.board .state span{display:inline-block;border-radius:1em;padding:0 .65em;font-weight:650;font-size:.82em;
 border:.1em solid var(--c);color:var(--c);background:var(--soft)}
.board .state .off{border-color:var(--line);color:var(--dim);background:none}
.board .m{font-family:var(--mono)}
.board p{margin:0}
"""

_PAGE = """
html{font-size:min(1vh,.5625vw);background:var(--paper);color:var(--ink)}
body{margin:0;font-family:var(--sans);font-size:2rem;line-height:1.3}
.board{padding:2.4rem 2.8rem 1.2rem;min-height:96.4vh;box-sizing:border-box;
 display:flex;flex-direction:column}
.board header{display:flex;justify-content:space-between;align-items:baseline;gap:0 4rem;flex-wrap:wrap;
 padding-bottom:1rem;font-size:2.4rem;line-height:1.25}
.board .where{font-size:3.2rem}
.board .now{display:flex;gap:0 3rem;flex-wrap:wrap}
.board .now b{font-size:2.8rem}
.board .now span{color:var(--dim);align-self:baseline}
.board table{table-layout:fixed;--high:min(9rem,calc((100vh - 20rem)/var(--n)));
 font-size:min(1.95rem,calc(var(--high)*.71))}
.board thead{font-size:1.6rem}
.board th{padding:0 .45em .35em 0;vertical-align:bottom;line-height:1.15}
.board th small{font-size:1.4rem}
.board td{padding:0 .45em 0 0;height:var(--high);line-height:1.25;border-top:.1rem solid var(--line);
 box-sizing:border-box}
.board tbody tr:nth-child(even){background:var(--soft)}
.board td.g{font-size:.84em;padding-right:.2em}
.board th.name{width:24rem}.board th.state{width:17.6rem}
.board .long{font-size:.87em}.board th.in,.board th.out{width:8.8rem}
.board th.port{width:6.5rem}
.board .in,.board .out,.board .port{font-size:.86em;padding-right:.9em}
.board th.in,.board th.out,.board th.port{font-family:var(--sans);font-size:1.6rem}
.board td.visit{font-size:.86em}
.visited th.name{width:22.5rem}
.visited td.g{text-align:center}.visited td.yes{font-size:1.1em}.visited td.no{font-size:.7em}
.visited td.g span{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%)}
.board td:first-child,.board th:first-child{padding-left:.5em}
.board footer{margin-top:auto;padding-top:.8rem;display:flex;justify-content:space-between;gap:3rem;
 font-size:1.9rem;line-height:1.25;color:var(--dim)}
.board footer b{color:var(--x)}
.welcome{margin:auto 0;padding:0 4rem}
.welcome h2{font-size:3.6rem;font-weight:600;margin:0 0 1.6rem;color:var(--dim)}
.welcome .door{font-size:8rem;line-height:1.25;color:var(--c)}
.welcome .door .dim{font-size:3.6rem}
.welcome .door+h2{margin-top:5rem}
.welcome dl{display:grid;grid-template-columns:max-content 1fr;gap:.6rem 5rem;align-items:baseline;margin:0}
.welcome dt{font-size:5rem;line-height:1.4}
.welcome dd{font-size:3.2rem;color:var(--dim);margin:0}
.few thead{position:absolute;clip-path:inset(50%);width:1px;height:1px;overflow:hidden}
.few table,.few tbody{display:block}
.few table{--high:min(11.5rem,calc((100vh - 20rem)/var(--n)));--small:min(2.6rem,calc(var(--high)*.3));
 font-size:var(--small)}
.few tbody tr{display:grid;height:var(--high);box-sizing:border-box;border-top:.1rem solid var(--line);
 grid-template-columns:repeat(48,minmax(0,1fr));align-content:center;align-items:center;padding:0 1rem}
.few tbody td.name,.few tbody td{width:auto;height:auto;border:0;padding:0 .3em 0 0}
.few tbody td.name{font-size:calc(var(--high)*.38);padding:0 .3em 0 0}
.few .name .long{font-size:min(3.05rem,calc(var(--high)*.38))}
.few td.name{grid-column:span 13}.few td.state{grid-column:span 8}.few td.in,.few td.out{grid-column:span 5}
.few td.port{grid-column:span 5}.few td.visit{grid-column:span 12}.few td.g{grid-column:span 6}
.few td.state{font-size:1.1em}
.few td.in,.few td.out{text-align:left}
.few td.visit{font-size:.86em;white-space:normal;line-height:1.15;display:-webkit-box;
 -webkit-box-orient:vertical;-webkit-line-clamp:2}
.few td.in::before{content:"in ";color:var(--dim);font-family:var(--sans)}
.few td.out::before{content:"out ";color:var(--dim);font-family:var(--sans)}
.few td.port:not(:empty)::before{content:"server ";color:var(--dim);font-family:var(--sans)}
.few tbody td.in,.few tbody td.out,.few tbody td.port{font-size:.92em;text-align:left}
.few tbody td.g{order:2;font-size:1em;padding:.1em 0 0}
.few td.g.no::after{content:" " attr(data-word)}
.explained{padding:2.4rem 1rem 0;margin-top:auto;border-top:.1rem solid var(--line)}
.explained dl{display:grid;grid-template-columns:max-content 1fr max-content 1fr;gap:.9rem 2rem;margin:0;
 font-size:2.1rem;align-items:baseline}
.explained dt{font-weight:700;color:var(--c)}
.explained dd{margin:0 3rem 0 0;color:var(--dim)}
.lost{display:none}
.is-lost .lost{display:block;position:fixed;left:0;right:0;bottom:0;background:var(--x);color:var(--paper);
 font-size:2.5rem;font-weight:650;padding:1.2rem 2.8rem;line-height:1.25}
.is-lost .board{opacity:.45;filter:grayscale(1)}
"""

_PANE = """
.board-frame{border:1px solid var(--line);border-radius:8px;background:var(--paper)}
.board{font-size:13px;line-height:1.4;color:var(--ink)}
.board table{margin:0;font-size:12.5px;border:0;border-collapse:separate;border-spacing:0}
.board th{font-size:11px;padding:5px 3px 3px;vertical-align:bottom;line-height:1.25;
 position:sticky;top:0;z-index:1;background:var(--paper)}
.board td{padding:3px;border-top:1px solid var(--line);background:none}
.board .name{position:sticky;left:0;background:var(--paper);padding-left:10px}
.board th.name{z-index:2}
.board td.name{min-width:130px;max-width:210px;white-space:normal;overflow-wrap:anywhere;line-height:1.25}
.board .long{font-size:.9em}
.board .state span{padding:0 .5em;font-size:10.5px}
.board .out{padding-right:6px}
.board .g{padding-left:2px;padding-right:2px}
.board td.visit{white-space:normal;min-width:120px;font-size:11.5px;line-height:1.3}
.board .visit{padding:3px 8px}
.board th.g{white-space:normal}
.board th.g small{white-space:nowrap}
.board td.g span{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%)}
.board th.in,.board th.out,.board th.port{font-family:var(--sans)}
.board td.in,.board td.out,.board td.port{font-size:11px}
.board .welcome{padding:10px 16px}
.board .welcome h2{font-size:13px;font-weight:600;margin:0 0 4px;color:var(--dim)}
.board .welcome .door{font-size:20px;color:var(--c)}
.board .welcome .door .dim{font-size:13px}
.board .welcome .door+h2{margin-top:10px}
.board .welcome dl{display:grid;grid-template-columns:max-content 1fr;gap:2px 18px;
 margin:0;align-items:baseline}
.board .welcome dt{font-size:14px;font-weight:400}
.board .welcome dd{margin:0;color:var(--dim)}
"""


def page_style():
    """The style sheet of the page, light or dark as the reader's system is."""
    letters = f"--sans:{theme.SANS};--mono:{theme.MONO}"
    light, dark = (
        ";".join(f"--{name}:{ink}" for name, ink in one.items()) for one in (theme.LIGHT, theme.DARK)
    )
    # How many rows there are is a class: an inline style would need a hole in the page's policy.
    counts = "".join(f".n{count}{{--n:{count}}}" for count in range(1, 61))
    titles = "".join(
        f".board .l{count}{{width:{0.9 * count + 3.6:g}rem}}"
        f".visited .l{count}{{width:{max(6.9, 0.9 * count + 1.2):g}rem}}"
        for count in range(1, 21)
    )
    return (
        f":root{{color-scheme:light dark;{letters};{light}}}"
        f"@media (prefers-color-scheme:dark){{:root{{{dark}}}}}{counts}{titles}{_SHARED}{_PAGE}"
    )


def pane_style():
    """The `<style>` element of the board in a notebook's pane, in the notebook's own colors."""
    letters = f".board{{--sans:{theme.SANS};--mono:{theme.MONO}}}"
    return f"{theme.style(True)}<style>{letters}{_SHARED}{_PANE}</style>"
