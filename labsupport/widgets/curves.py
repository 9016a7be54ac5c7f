"""The curves of a race: the window, the queue and the goodput over time, live and at rest.

Drawn with matplotlib. To draw a whole figure takes a tenth of a second, in which the interpreter is seldom
free for the wire; so the live one is drawn whole once, and from then on only its lines, which takes a
hundredth of that (matplotlib calls it blitting).
"""

from __future__ import annotations

from math import ceil

from labsupport.widgets.bundle import bundle, toolkit
from labsupport.widgets.plots import GREY, blank, dress, few_colors
from labsupport.widgets.sampler import sampler

INTERVAL = 0.2  # seconds between two drawings of a live figure
POINTS = 300  # of a curve: as many as a notebook pane can show apart
SPAN = 0.25  # seconds over which goodput is reckoned
SIZE, DPI = (6.4, 5.6), 110
COLORS = 64  # enough for four lines and grey letters on any paper
MARGINS = {"left": 0.075, "right": 0.975, "top": 0.955, "bottom": 0.095, "hspace": 0.36}
# Color and dashes go together, for color alone tells too little. The first two are client blue, server orange.
STYLES = (
    {"color": "#3f83e0", "linestyle": "-"},
    {"color": "#d9731f", "linestyle": (0, (5, 1.2))},
    {"color": "#2f9e77", "linestyle": (0, (3, 1, 1, 1))},
    {"color": "#a06cd5", "linestyle": (0, (1, 1))},
)
LOST = "#d64545"
TITLES = (
    "congestion window (segments), ✕: sent again",
    "waiting in the queue (packets)",
    "acknowledged (Mbit/s)",
)


class Sheet:
    """A Figure of three axes, one above the other, and the lines in it, which `update()` gives their points.

    `races`: Races, ended or running. Each flow has its color and dashes; the queue of a race with several
    flows is grey, for it is everybody's.
    """

    def __init__(self, races, live=False):
        self.races = races
        names = " and ".join(name for race in races for name in race.flows)
        said = f"<Figure: window, queue and goodput over time, {names}>"
        self.figure = blank(SIZE, said, DPI, layout="none", colors=COLORS)
        self.figure.subplots_adjust(**MARGINS)
        self.axes = self.figure.subplots(3, 1, sharex=True)
        self._flows, self._queues = [], []
        self._add_lines(live)
        for axes, title in zip(self.axes, TITLES, strict=True):
            axes.set_title(title, loc="left", fontsize=10, color=GREY)
        self._add_limits()
        for axes in self.axes:
            dress(axes)
        self.axes[2].set_xlabel("seconds", color=GREY)

    def _add_lines(self, live):
        window, queue, goodput = self.axes
        more = {"animated": live, "linewidth": 1.6}
        for race in self.races:
            alone = len(race.flows) == 1
            for name in race.flows:
                style = STYLES[len(self._flows) % len(STYLES)] | more
                lines = [
                    window.plot([], [], label=name, **style)[0],
                    window.plot([], [], "x", color=LOST, markersize=5, animated=live)[0],
                    goodput.plot([], [], **style)[0],
                ]
                self._flows.append((race, name, lines))
            style = style if alone else more | {"color": GREY}
            self._queues.append((race, queue.plot([], [], **style | {"linewidth": 1.1})[0]))

    def _add_limits(self):
        """Thin lines where the queue is full and where the bottleneck's rate is; axes as high as they need."""
        window, queue, goodput = self.axes
        tops = [10, 5, 1]
        for race in self.races:
            if race.rate:
                goodput.axhline(race.rate / 1e6, color=GREY, linewidth=1, linestyle=":")
                tops[2] = max(tops[2], 1.3e-6 * race.rate)
            if race.rate and race.room:
                queue.axhline(race.room, color=GREY, linewidth=1, linestyle=":")
                tops[1] = max(tops[1], 1.12 * race.room)
                # In whole packets of 1500 bytes: what is on its way, and what may wait.
                tops[0] = max(tops[0], 1.25 * (race.rate * race.round_trip / 12_000 + race.room))
        for axes, top in zip(self.axes, tops, strict=True):
            axes.set_ylim(0, top)
        window.set_xlim(0, max(race.lasts for race in self.races))

    @property
    def lines(self):
        """Every line that `update` changes."""
        return [line for _, _, lines in self._flows for line in lines] + [line for _, line in self._queues]

    def update(self):
        """Give each line the points there are now; True when axes had to grow for them."""
        for race, name, (window, again, goodput) in self._flows:
            flow, seconds, count = race.flows[name], race.seconds, len(race.seconds)
            step = max(1, count // POINTS)
            window.set_data(seconds[:count:step], flow.window[:count:step])
            places = _sent_again(seconds[:count], flow.resent)
            again.set_data([seconds[at] for at in places], [flow.window[at - 1] for at in places])
            goodput.set_data(*_rates(seconds[:count], flow.acked, step))
        for race, line in self._queues:
            count = len(race.seconds)
            line.set_data(race.seconds[:count], race.queue[:count])
        return any([self._grow(axes) for axes in self.axes])

    def _grow(self, axes):
        highest = max((max(line.get_ydata(), default=0) for line in axes.get_lines() if line in self.lines))
        if highest <= axes.get_ylim()[1]:
            return False
        axes.set_ylim(0, 1.15 * highest)
        return True

    def warn(self):
        """Say under the curves that a late wire drew them, where one did."""
        late = [race.late for race in self.races if not race.in_time]
        if late:
            self.axes[2].set_xlabel(
                f"seconds (the wire ran {ceil(1000 * max(late))} ms late: this run does not count)", color=LOST
            )


def figure(races):
    """The Figure of races that have ended."""
    sheet = Sheet(races)
    sheet.update()
    sheet.warn()
    return sheet.figure


def _sent_again(seconds, resent, least=0.05):
    """The positions where segments had been sent again, no two within `least` seconds."""
    kept = []
    for at in range(1, len(seconds)):
        if resent[at] > resent[at - 1] and (not kept or seconds[at] - seconds[kept[-1]] >= least):
            kept.append(at)
    return kept


def _rates(seconds, acked, step):
    """(times, Mbit/s): the payload acknowledged within SPAN before each time."""
    times, rates, low = [], [], 0
    for at in range(0, len(seconds), step):
        while seconds[at] - seconds[low] > SPAN:
            low += 1
        took = seconds[at] - seconds[low]
        if took > SPAN / 2:
            times.append(seconds[at])
            rates.append(8e-6 * (acked[at] - acked[low]) / took)
    return times, rates


class LiveCurves:
    """A race's curves as a widget that grows while it runs; the sampler calls `tick`."""

    interval = INTERVAL

    def __init__(self, race):
        widgets = toolkit()
        self.race = race
        self._sheet = Sheet([race], live=True)
        self._paper = None
        self.widget = widgets.Image(format="png", layout=widgets.Layout(width="704px", max_width="100%"))
        self.widget.add_class("labsupport-curves")
        self.tick(0)

    def start(self):
        """Let them grow from now on."""
        sampler.start(self)

    def tick(self, now):
        """Draw what there is; the sampler goes on until `finish`."""
        self.widget.value = self._drawn()
        return True

    def finish(self):
        """The race is over: draw it as `plot()` would, and no more."""
        sampler.stop(self)
        self.widget.value = figure([self.race])._repr_png_()

    def _drawn(self):
        """The lines alone, on the paper that was drawn before."""
        from matplotlib.backends.backend_agg import FigureCanvasAgg

        drawn = self._sheet.figure
        if self._sheet.update() or self._paper is None:
            self._canvas = FigureCanvasAgg(drawn)
            self._canvas.draw()
            self._paper = self._canvas.copy_from_bbox(drawn.bbox)
        self._canvas.restore_region(self._paper)
        for line in self._sheet.lines:
            line.axes.draw_artist(line)
        return _png(self._canvas)

    def fail(self, error):
        """The race says itself what went wrong; a picture that cannot be drawn stays as it is."""


def _png(canvas):
    from PIL import Image

    pixels = canvas.buffer_rgba()
    picture = Image.frombuffer("RGBA", canvas.get_width_height(), pixels, "raw", "RGBA", 0, 1)
    return few_colors(picture, COLORS, level=2)


def live_curves(race):
    """LiveCurves of a race about to begin; None without ipywidgets."""
    return LiveCurves(race) if toolkit() else None


def race_bundle(race):
    """The mimebundle of a Race: what it runs over, as text; on a page its curves, growing."""
    return bundle(repr(race), None, race.live and race.live.widget)
