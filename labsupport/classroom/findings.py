"""What the ready check found: one Finding for each check, and the Report of all of them."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass

OK, LOOK, CANNOT = "ok", "look at this", "cannot start"


@dataclass(frozen=True)
class Finding:
    """`state`: OK, LOOK or CANNOT; `found`: what there is, in words; `remedy`: what to do about it, or ""."""

    state: str
    found: str
    remedy: str = ""


@dataclass(frozen=True)
class Setting:
    """What is asked: for how many `learners`, with a `hub` or without, the class's server at `host`.

    `homes`: the folder with the learners' homes; `root`: whether root asks.
    """

    learners: int
    host: str
    homes: str
    hub: bool
    root: bool


@dataclass(frozen=True)
class Report:
    """`findings`: (name of the check, Finding), in their order; `ready`: whether a class can start."""

    setting: Setting
    findings: tuple[tuple[str, Finding], ...]

    @property
    def ready(self) -> bool:
        return all(finding.state != CANNOT for _, finding in self.findings)

    def text(self) -> str:
        """One line a check, its remedy below it where something is the matter, and the verdict."""
        width = max((len(name) for name, _ in self.findings), default=0)
        lines = []
        for name, finding in self.findings:
            lines.append(f"{finding.state:{len(CANNOT)}}  {name:{width}}  {finding.found}")
            if finding.state != OK and finding.remedy:
                lines.append(f"{'':{len(CANNOT)}}  {'':{width}}  do: {finding.remedy}")
        return "\n".join([*lines, self.verdict()]).encode("ascii", "replace").decode()

    def verdict(self) -> str:
        """Whether a class can start, in a sentence."""
        states = [finding.state for _, finding in self.findings]
        class_ = f"A class of {self.setting.learners}"
        if not self.ready:
            what = ", ".join(name for name, finding in self.findings if finding.state == CANNOT)
            return f"{class_} cannot start here: {what}."
        looks = states.count(LOOK)
        more = f"; {looks} {'line says' if looks == 1 else 'lines say'} what will be less than it could be"
        return f"{class_} can start here" + more * bool(looks) + "."

    def json(self) -> str:
        """The same for a program."""
        checks = [{"name": name, **asdict(finding)} for name, finding in self.findings]
        return json.dumps(
            {"version": 1, "ready": self.ready, **asdict(self.setting), "checks": checks}, indent=2
        )
