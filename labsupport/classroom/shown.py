"""A classroom → what its board shows, in one place for the page, the widget and the command."""

from __future__ import annotations

from labsupport.classroom.roll import GOALS
from labsupport.draw.board import BoardModel, Goal


def board_of(room):
    """The BoardModel of `room`, a Classroom, as it is now."""
    return BoardModel(
        rows=tuple(room.rows),
        goals=tuple(Goal(key, *said) for key, said in GOALS.items()),
        addresses=tuple(room.addresses),
        answers=room.answers,
        turned_away=tuple(sorted(room.turned_away.items())),
        over=bool(getattr(room, "closed", False)),
    )
