"""Placeholder."""
from collections import namedtuple
Score = namedtuple("Score", "tries solved")
def note(name, passed):
    return Score(1, None)
