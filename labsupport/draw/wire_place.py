"""Where the pieces of a ladder with a wire stand: columns across, heights down. Arithmetic alone.

Across, the room goes where the words are: a host whose calls are short leaves its room to the other and to
the wire. Down, each moment stands below the one before it, as close as its letters allow; or, to scale, at
its own time, and then the letters give way to each other.
"""

from __future__ import annotations

from labsupport.draw import theme
from labsupport.draw.wire_labels import pieces, wide
from labsupport.draw.wire_rows import role_of

WIDTH, WIDE = 720, 960  # pixels: of two hosts, of more
TOP, MARGIN, LINE = 108, 14, 13
CALL_SIZE, PILL_SIZE, PILL_HEIGHT = 11.3, 9.4, 17
_WIRE = (160, 210, 300)  # pixels between two axes: at least, gladly for long labels, at most
_ROOM = (112, 250)  # pixels for the words of a host's calls
SLANT, NEXT, ANSWER = 17, 15, 13  # an arrow's fall; between two departures; from an arrival to its answer
CALM = 22  # above a call that begins


class Column:
    """Where one host's pieces stand: `side` is -1 where its calls are at the left of its axis, else 1."""

    def __init__(self, host, end, ink, side, axis, pills, room, bands, middle=False):
        self.middle = middle  # between two wires: calls and states share one column
        self.host, self.end, self.ink, self.side, self.axis, self.room = host, end, ink, side, axis, room
        self.bands, self.band = bands, _band(bands)  # how many run side by side, and how far apart
        self.pill = axis + side * (9 + self.band * (bands - 1))
        self.dot = self.pill + side * (6 if middle else pills + 10)
        self.text = self.dot + side * 11
        self.anchor = "end" if side < 0 else "start"


class Placed:
    """A plan with its columns, the height of each moment, and the height of the whole in pixels.

    `y`: by event number; `text_y`, `pill_y`: where the words of a call or a state stand, by event number.
    """

    def __init__(self, timeline, made, live, scale):
        self.timeline, self.plan, self.live, self.scale = timeline, made, live, scale
        self.tracks = _tracks(made)
        self.columns, self.width = _columns(timeline, made, self.tracks, live, scale)
        self.words = {}
        for moment in made.moments:
            if moment.kind in ("call", "begin", "return"):
                room = self.columns[moment.host].room
                self.words[moment.at] = _words(moment, room, live)
        self.y, self.text_y, self.pill_y, self.ticks = {}, {}, {}, []
        self.turned = _turned(made, self.columns)
        bottom = _by_time(self) if scale == "time" else _Descent(self).go()
        self.height = round(bottom + 20)

    def at(self, number):
        """The height of event `number`; of one that is not drawn, of the last one before it."""
        while number >= 0:
            if number in self.y:
                return self.y[number]
            number -= 1
        return TOP - 12


# --- across -----------------------------------------------------------------------------------------


def _tracks(made):
    """For each socket the place of its band beside those that live at the same time on its host."""
    living, tracks = {}, {}
    for state in made.states:
        here = living.setdefault(state.host, {})  # socket → its last state
        if state.socket not in tracks:
            # A listener and the first connection share one place: the connection lies on top.
            taken = {tracks[socket] for socket, last in here.items() if last != "LISTEN"}
            tracks[state.socket] = next(place for place in range(len(taken) + 1) if place not in taken)
        here[state.socket] = state.state
        if state.state == "CLOSED":
            del here[state.socket]
    return tracks


def _turned(made, columns):
    """The states of a middle host that an arrival from the right brought about: their pills stand left."""
    turned, before = set(), None
    for moment in made.moments:
        landed = before is not None and before.kind == "arrived" and before.item.source > moment.host
        if moment.kind == "state" and landed and columns[moment.host].middle:
            turned.add(moment.at)
        before = moment if moment.kind not in ("state", "held") else before
    return turned


def pill_width(said):
    """A pill's width in pixels."""
    return theme.width(said, PILL_SIZE, bold=True) + 1.4 * PILL_SIZE


def _band(bands):
    """Pixels from one band to the next."""
    return 5 if bands < 5 else 3


def _columns(timeline, made, tracks, live, scale):
    """(a Column for each host, the whole width)."""
    hosts = len(timeline.hosts)
    left = MARGIN + (38 if scale == "time" else 0)
    pills, rooms, bands = [], [], []
    for host in range(hosts):
        pills.append(max((pill_width(state.said) for state in made.states if state.host == host), default=20))
        bands.append(
            1 + max((tracks[state.socket] for state in made.states if state.host == host), default=0)
        )
        rooms.append(min(_ROOM[1], _widest(made, host, live)))
    outer, gaps = {0, hosts - 1}, max(1, hosts - 1)
    bars = [9 * max(0, made.depth(host) - 1) for host in range(hosts)]
    pills = [pill + bar for pill, bar in zip(pills, bars, strict=True)]  # bars side by side, towards the axis
    beside = [30 + pills[host] + _band(bands[host]) * (bands[host] - 1) for host in range(hosts)]
    labels = max((wide(pieces(arrow, live)) for arrow in made.arrows), default=0) + 40
    glad = max(_WIRE[0], min(_WIRE[1], labels))
    if hosts > 2:  # the calls of one in the middle stand between two axes
        for host in range(1, hosts - 1):
            rooms[host] = min(rooms[host], max(_ROOM[0], pills[host]))
            glad = max(glad, max(rooms[host] + 30, pills[host]) + 60)
    fixed = sum(beside[host] for host in outer) + left + MARGIN
    full = max(WIDTH if hosts <= 2 else WIDE, fixed + gaps * _WIRE[0] + len(outer) * _ROOM[0])
    spare = full - fixed - glad * gaps - sum(rooms[host] for host in outer)
    if spare < 0:
        rooms, spare = _shrunk(rooms, outer, -spare)
    wire = min(_WIRE[2], glad + spare / gaps)
    rest = max(0, full - fixed - wire * gaps - sum(rooms[host] for host in outer)) / 2
    axis = left + rest + rooms[0] + beside[0]
    columns = []
    for host, end in enumerate(timeline.hosts):
        side = -1 if host == 0 else 1
        room = rooms[host] + (rest if host in outer else 0)
        ink = theme.color(role_of(timeline, host))
        columns.append(Column(host, end, ink, side, axis, pills[host], room, bands[host], host not in outer))
        axis += wire
    return columns, round(full)


def _widest(made, host, live):
    """The widest line of a host's calls, before any is broken."""
    wide = 0
    for moment in made.moments:
        if moment.host == host and moment.kind in ("call", "begin", "return"):
            lines = _words(moment, 10_000, live)
            wide = max([wide, *(theme.width(line, CALL_SIZE, mono=True) for line, _ in lines)])
    return max(64, wide + 2)


def _shrunk(rooms, outer, lack):
    """(the rooms with the outer ones smaller by `lack` pixels in all; what lacks still, below 0)."""
    rooms = list(rooms)
    while lack > 0:
        largest = max(outer, key=lambda host: rooms[host])
        if rooms[largest] <= _ROOM[0]:
            break
        rooms[largest] -= 1
        lack -= 1
    return rooms, -max(0, lack)


def _words(moment, room, live):
    """The lines of a call, with their colors: the call, what came back, and live how long it took."""
    call = moment.item
    said = call.said if moment.kind != "return" else ""
    back = "" if moment.kind == "begin" else _back(call, moment.kind, live)
    one = f"{said} {back}".strip()
    if not call.failed and _fits(one, room):
        return [(one, "ink")]
    lines = [(line, "ink") for line in wrapped(said, room)]
    return lines + [(line, "x" if call.failed else "ink") for line in wrapped(back, room)]


def _back(call, kind, live):
    if kind == "call":
        return call.told
    took = live and call.elapsed is not None
    return call.outcome + (f"  {duration(call.elapsed)}" if took else "")


def duration(seconds):
    """A duration in the unit that suits it: `38 µs`, `20.4 ms`, `1.02 s`; its space does not break."""
    if seconds < 0.001:
        return f"{seconds * 1e6:.0f}\N{NO-BREAK SPACE}µs"
    figure, unit = (f"{seconds * 1000:.3g}", "ms") if seconds < 1 else (f"{seconds:.3g}", "s")
    return f"{figure}\N{NO-BREAK SPACE}{unit}"


def _fits(said, room):
    return theme.width(said, CALL_SIZE, mono=True) <= room


def wrapped(said, room):
    """`said` in as many lines as it takes, broken at spaces or after a call's name. Of an error whose name is
    too long for a line the errno is said; any other word too long for a line goes on in the next.
    """
    name, bracket, rest = said.partition("(")
    if name.startswith("✕") and bracket and not _fits(f"  {name[2:].strip()}", room):
        errno, _, took = rest.partition(")")
        return theme.wrapped(f"✕ {errno} {took.strip()}".strip(), CALL_SIZE, room)
    if bracket and not name.startswith(("→", "✕")) and not _fits(said, room):
        if _fits(rest, room):
            return [name + bracket, f"  {rest}" if _fits(f"  {rest}", room) else rest]
        if not _fits(said.partition(" ")[0], room):
            return [name + bracket, *theme.wrapped(rest, CALL_SIZE, room)]
    return theme.wrapped(said, CALL_SIZE, room)


# --- down, in order ---------------------------------------------------------------------------------


class _Descent:
    """Goes down moment by moment, each as close to the one before as its letters allow.

    `words`, `pills`: how far down a host's column of calls, and of states, is taken; `wire`: the same of it.
    """

    def __init__(self, placed):
        self.placed, self.before, self.y, self.wire = placed, None, TOP - CALM, 0
        self.words = dict.fromkeys(range(len(placed.columns)), 0)
        self.pills = dict.fromkeys(range(len(placed.columns)), 0)

    def go(self):
        """Place every moment; returns the lowest height."""
        steps = {"state": self.state, "sent": self.sent, "arrived": self.arrived}
        for moment in self.placed.plan.moments:
            if moment.kind != "held":
                self.y = steps.get(moment.kind, self.call)(moment)
                self.before = moment
            self.placed.y[moment.at] = self.y
        return max([TOP + 30, self.y + 8, *(bottom - 6 for bottom in self.words.values())])

    def after(self, *kinds):
        """Whether the moment before is of one of these kinds."""
        return self.before is not None and self.before.kind in kinds

    def call(self, moment):
        host, lines = moment.host, len(self.placed.words[moment.at])
        y = max(self.y + (8 if moment.kind == "return" else CALM), self.words[host])
        if self.placed.columns[host].middle:
            y = max(y, self.pills[host] + 20)
        self.words[host] = y + LINE * lines + 5
        self.placed.text_y[moment.at] = y
        return y

    def state(self, moment):
        host = moment.host
        caused = self.after("call", "begin", "arrived") and self.before.host == host
        y = max(self.y if caused else self.y + ANSWER, self.pills[host] + PILL_HEIGHT + 3)
        if self.placed.columns[host].middle:
            y = max(y, self.words[host])
            self.words[host] = y + 24
        self.pills[host] = self.placed.pill_y[moment.at] = y
        return y

    def sent(self, moment):
        y = max(self.y + (NEXT if self.after("sent") else ANSWER), self.wire)
        # What does not arrive has a word at its end, below where it left.
        word = SLANT + (8 if _short(self.placed, moment.item) else 20)
        self.wire = y + (NEXT if moment.item.arrived else word)
        return y

    def arrived(self, moment):
        along = self.after("arrived") and self.before.item.source == moment.item.source
        return max(self.y + (NEXT if along else 8), self.placed.y[moment.item.sent] + SLANT)


def _short(placed, arrow):
    """Whether the word for what became of a lost packet has room behind it on the wire."""
    room = abs(placed.columns[arrow.target].axis - placed.columns[arrow.source].axis)
    return wide(pieces(arrow, False, room=1)) + theme.width(arrow.fate, 11.5) + 54 < room


# --- down, to scale ---------------------------------------------------------------------------------


def _by_time(placed):
    """Each moment at its time; words and pills that would meet are moved down. Returns the lowest height."""
    events, moments = placed.timeline.events, placed.plan.moments
    if not moments:
        return TOP + 30
    start, end = events[moments[0].at].time, max(events[moment.at].time for moment in moments)
    lasts = max(end - start, 1e-9)
    scale = _scale(events, moments, lasts)
    for moment in moments:
        placed.y[moment.at] = TOP + (events[moment.at].time - start) * scale
    low = max(placed.y.values())
    for host in range(len(placed.columns)):
        words = pills = 0
        for moment in (moment for moment in moments if moment.host == host):
            at = moment.at
            if at in placed.words:
                placed.text_y[at] = max(placed.y[at], words)
                words = placed.text_y[at] + LINE * len(placed.words[at]) + 3
            elif moment.kind == "state":
                placed.pill_y[at] = max(placed.y[at], pills)
                pills = placed.pill_y[at] + PILL_HEIGHT + 2
        low = max(low, words - 10, pills - 10)
    step = _step(lasts * scale, lasts)
    placed.ticks = [
        (TOP + number * step * scale, number * step) for number in range(int(lasts / step + 1e-6) + 1)
    ]
    return low + 8


def _scale(events, moments, lasts):
    """Pixels a second: arrows that fall enough to be told apart, in a drawing that is not too high."""
    flights = sorted(
        events[at].time - events[moment.item.sent].time
        for moment in moments
        if moment.kind == "arrived"
        for at in (moment.at,)
    )
    usual = flights[len(flights) // 2] if flights else lasts / 10
    wanted = 40 / max(usual, 1e-9)
    return max(260 / lasts, min(wanted, 1100 / lasts))


def _step(pixels, lasts):
    """A round number of seconds between two marks of the time axis, about 50 pixels apart."""
    least = lasts * 46 / max(pixels, 1)
    size = 1e-6
    while True:
        for times in (1, 2, 5):
            if size * times >= least:
                return size * times
        size *= 10
