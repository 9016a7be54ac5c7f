"""Bytes and queues over time, drawn with matplotlib from a view's history.

The Figure is made without pyplot: nothing is shown twice, no figure stays open, and matplotlib is imported
when the first plot is asked for. The background is transparent and the letters are mid-grey, so that one
picture suits both themes.
"""

from __future__ import annotations

GREY = "#7b8494"  # 3.8 : 1 on white, 4.6 : 1 on JupyterLab's dark paper
# Client blue, server orange, then others; each line has its own dashes too, for color alone tells too little.
COLORS = {"client": "#3f83e0", "server": "#d9731f", None: "#8a93a3"}
DASHES = ("-", "--")
FIELDS = ("send_queue", "recv_queue", "bytes_sent", "bytes_received")


def figure(labels, history):
    """A Figure with two axes, one above the other: queues, and bytes sent and received, over seconds.

    `labels` names each watched thing, `history` is a list of (seconds, Snapshots). Time begins with the first
    change; what the kernel does not count, and what stayed 0 throughout, is left out.
    """
    from matplotlib.ticker import FuncFormatter

    drawn = blank((6.4, 4.6), "<Figure: queues and bytes over time>")
    queues, totals = drawn.subplots(2, 1, sharex=True)
    history = _active(history)
    for position, label in enumerate(labels):
        series = [(at, snapshots[position]) for at, snapshots in history if snapshots[position] is not None]
        _lines(queues, label, series, FIELDS[:2], ("Send-Q", "Recv-Q"))
        _lines(totals, label, series, FIELDS[2:], ("sent", "received"))
    for axes, title in ((queues, "waiting in the queues (bytes)"), (totals, "so far (bytes)")):
        axes.set_title(title, loc="left", fontsize=10, color=GREY)
        axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}"))
        dress(axes)
    totals.set_xlabel("seconds", color=GREY)
    return drawn


def blank(size, said, dpi=110, layout="constrained", colors=None):
    """An empty transparent Figure of `size` inches, without pyplot; `said` is its repr.

    Its PNG has at most so many `colors`, where that is given: a third of the bytes.
    """
    import logging

    # A first start finds the fonts. On a slow machine matplotlib would say so, as a warning in the learner's cell.
    logging.getLogger("matplotlib.font_manager").setLevel(logging.ERROR)

    from matplotlib.figure import Figure

    class Plot(Figure):
        """A Figure that shows itself as PNG even where pyplot, which sets that up, was never imported."""

        def _repr_png_(self):
            from io import BytesIO

            out = BytesIO()
            self.savefig(out, format="png", dpi=dpi, transparent=True)
            _close_fonts()
            return few_colors(out, colors) if colors else out.getvalue()

        def __repr__(self):
            return said

    drawn = Plot(figsize=size, layout=layout, dpi=dpi)
    drawn.patch.set_alpha(0)
    return drawn


def few_colors(picture, colors, level=9, most=46_000):
    """A PNG with a palette of so many colors, transparency included; `picture`: a file, or a PIL Image.

    Of fewer colors, where it would have more than `most` bytes: with them, and written as text, a message stays
    below 64 KiB. Larger ones pyzmq sends without a copy, by a thread and descriptors that it then keeps.
    """
    from io import BytesIO

    from PIL import Image

    whole = (picture if isinstance(picture, Image.Image) else Image.open(picture)).convert("RGBA")
    while True:
        out = BytesIO()
        whole.quantize(colors, Image.Quantize.FASTOCTREE).save(out, "png", compress_level=level)
        if out.tell() <= most or colors <= 8:
            return out.getvalue()
        colors //= 2


def _active(history):
    """The history from shortly before what is drawn first changes to shortly after its last change, times
    from the first.
    """
    drawn = [tuple(_figures(snapshot) for snapshot in snapshots) for _, snapshots in history]
    changes = [at for at in range(1, len(drawn)) if drawn[at] != drawn[at - 1]]
    if not changes:
        return history
    first, last = history[changes[0]][0], history[changes[-1]][0]
    margin = max(0.005, 0.06 * (last - first))
    kept = history[changes[0] : changes[-1] + 1]
    framed = [(first - margin, history[changes[0] - 1][1]), *kept, (last + margin, kept[-1][1])]
    return [(at - first, snapshots) for at, snapshots in framed]


def _figures(snapshot):
    """What is drawn of a Snapshot; a connection that is not there yet has moved nothing."""
    return tuple(getattr(snapshot, field, None) or 0 for field in FIELDS)


def _close_fonts():
    """matplotlib keeps its font files open for the next figure; nothing is to be left open here."""
    from matplotlib import font_manager

    # The cache has no public name. A release that calls it otherwise keeps the files open.
    clear = getattr(getattr(font_manager, "_get_font", None), "cache_clear", None)
    if clear is not None:
        clear()


def _lines(axes, label, series, fields, words):
    """One line a field; between two looks nothing changed, so the line has steps."""
    for field, word, dash in zip(fields, words, DASHES, strict=False):
        points = [(at, getattr(snapshot, field)) for at, snapshot in series]
        points = [(at, value) for at, value in points if value is not None]
        if any(value for _, value in points):
            axes.step(
                *zip(*points, strict=True),
                where="post",
                label=f"{label}: {word}",
                color=COLORS[_role(series[-1][1])],
                linestyle=dash,
            )


def _role(snapshot):
    return {"active": "client", "passive": "server"}.get(snapshot.opened)


def dress(axes):
    """Give axes the course's look: grey on any paper, a light grid, from 0 up."""
    axes.patch.set_alpha(0)
    axes.tick_params(colors=GREY, labelsize=9)
    axes.grid(color=GREY, alpha=0.25, linewidth=0.6)
    for edge in axes.spines.values():
        edge.set_color(GREY)
        edge.set_alpha(0.5)
    if axes.get_legend_handles_labels()[0]:
        axes.legend(frameon=False, fontsize=9, labelcolor=GREY)
    axes.set_ylim(bottom=0)
