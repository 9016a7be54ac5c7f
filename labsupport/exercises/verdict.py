"""What a check found: passed or not, the cause in the learner's terms, and the timeline of the run that failed."""

from __future__ import annotations

from dataclasses import dataclass, field

PASSED, NOT_YET, NOT_ATTEMPTED = "passed", "not yet", "not attempted yet"
SHOWN = 2000  # characters of what the function printed that a verdict's text shows


@dataclass(frozen=True, repr=False)
class Verdict:
    """`passed`; `message`: what happened, in a sentence or two; true when passed, so `assert check(f)` works.

    `name`: the exercise's; `status`: "passed", "not yet" or "not attempted yet"; `beyond`: after a pass, what a
    production program would do beyond it; `output`: what the function printed; `timeline`: the calls of the
    run that failed, or None; `skipped`: what could not be tried on this machine; `tries` and `solved`: the
    score so far (how many tries; when, ISO 8601, or None), None where nothing is counted.
    """

    name: str
    status: str
    message: str = ""
    beyond: str = ""
    output: str = ""
    timeline: object = field(default=None, compare=False)
    skipped: tuple[str, ...] = ()
    tries: int | None = field(default=None, compare=False)
    solved: str | None = field(default=None, compare=False)
    notebook: str = ""

    @property
    def passed(self) -> bool:
        """Whether the function does all that its contract asks."""
        return self.status == PASSED

    def __bool__(self):
        return self.passed

    def __repr__(self):
        parts = [f"{self.name}: {self.status}"]
        parts += [self.message] if self.message and self.status != NOT_ATTEMPTED else []
        parts += [f"Beyond this exercise: {self.beyond}"] if self.passed and self.beyond else []
        parts += [f"Not tried here: {what}" for what in self.skipped]
        if self.output and self.status != NOT_ATTEMPTED:
            parts += ["It printed:", self.printed]
        if self.timeline is not None and len(self.timeline):
            parts += ["", repr(self.timeline)] + ["… and further calls"] * bool(self.timeline.missed)
        return "\n".join(parts)

    @property
    def printed(self) -> str:
        """What the function printed, indented, cut where it is long."""
        said = self.output if len(self.output) <= SHOWN else self.output[:SHOWN] + "\n…"
        return "\n".join("    " + line for line in said.rstrip("\n").split("\n"))

    def _repr_mimebundle_(self, include=None, exclude=None):
        try:
            from labsupport.widgets import verdict_bundle
        except ImportError:
            return {"text/plain": repr(self)}
        return verdict_bundle(self)
