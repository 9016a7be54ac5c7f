"""`predict`: the learner commits to an answer before the run, and finds it beside the evidence afterwards.

What was chosen differs from reader to reader and from run to run, so it stands in the live view alone; the
text form is that of a page where nobody chose.
"""

from __future__ import annotations

import threading

from labsupport.draw import theme
from labsupport.widgets.bundle import bundle, toolkit

# ipywidgets gives a radio button's label one line of 20 pixels: answers are sentences, and wrap.
_STYLE = (
    "<style>.labsupport-predict .widget-radio-box{max-width:640px;margin:0}"
    ".labsupport-predict .widget-radio-box label{height:auto;line-height:1.5;white-space:normal;"
    "display:flex;align-items:flex-start;gap:8px;margin:0 0 4px 1px;font-size:14px;cursor:pointer}"
    ".labsupport-predict .widget-radio-box input{order:-1;margin:4px 0 0;flex:none;height:13px;width:13px}"
    ".labsupport-predict .widget-radio,.labsupport-predict .jupyter-widget-radio"
    "{width:auto;height:auto}</style>"
)


def predict(question, *answers):
    """Ask `question` and let the learner commit to one of `answers`; returns a Prediction.

    `.choice` is the answer chosen (None before), `.reveal(evidence)` sets it beside what was seen. Raises
    TypeError unless all are strings, ValueError for fewer than two answers or two that are equal.
    """
    if not all(isinstance(said, str) for said in (question, *answers)):
        raise TypeError("predict needs a question and its answers as strings")
    if len(answers) < 2:
        raise ValueError(f"predict needs at least two answers to choose from, not {len(answers)}")
    if len(set(answers)) < len(answers):
        raise ValueError("predict needs answers that differ from each other")
    return Prediction(question, answers)


class Prediction:
    """A question with its answers. `.choice`: the one that the learner chose, or None; it may change until
    `reveal`.
    """

    def __init__(self, question, answers):
        self.question, self.answers = question, answers
        self._lock = threading.Lock()
        self._choice = self._seen = None
        self._widget = self._radio = self._status = None

    @property
    def choice(self):
        """The answer that the learner committed to; None before."""
        return self._choice

    def choose(self, answer):
        """Commit to `answer`, as a click does. Raises ValueError for what is not an answer; after `reveal` it
        stands.
        """
        if answer not in self.answers:
            raise ValueError(f"the answers are {', '.join(self.answers)}; not {answer!r}")
        with self._lock:
            if self._seen is None:
                self._choice = answer
        if self._radio is not None:
            self._radio.value = self._choice
            self._tell()

    def reveal(self, evidence):
        """Set the choice beside `evidence`, any value; the answer that reads as `str(evidence)` does is the
        one seen.

        Returns a value that shows both; its text form tells the evidence alone.
        """
        with self._lock:
            self._seen = str(evidence)
        self._tell()
        return Revealed(self, self._seen)

    @property
    def widget(self):
        """The live question; None without ipywidgets."""
        widgets = toolkit()
        if widgets is not None and self._widget is None:
            self._build(widgets)
        return self._widget

    def _build(self, widgets):
        ask = widgets.HTML(_STYLE + _line(self.question, 15, strong=True))
        self._radio = widgets.RadioButtons(options=self.answers, value=self._choice, layout={"width": "auto"})
        self._status = widgets.HTML()
        self._radio.observe(self._chosen, "value")
        self._widget = widgets.VBox([ask, self._radio, self._status])
        self._widget.add_class("labsupport-predict")
        self._tell()

    def _chosen(self, change):
        with self._lock:
            if self._seen is None:
                self._choice = change["new"]
        self._tell()

    def _tell(self):
        if self._radio is None:
            return
        if self._seen is not None:
            self._radio.disabled = True
            said = sentence(self._choice, self._seen, self.answers)
        elif self._choice is None:
            said = "Choose one before you run the next cell."
        else:
            said = (
                f"You say: {self._choice.rstrip('.')}. You may still change your mind; the next cells show."
            )
        self._status.value = _line(said, 13)

    def __repr__(self):
        return self.question + "\n" + "  ".join(f"( ) {answer}" for answer in self.answers)

    def _repr_mimebundle_(self, include=None, exclude=None):
        return bundle(repr(self), None, self.widget)


class Revealed:
    """What was seen, beside what was predicted."""

    def __init__(self, prediction, seen):
        self.prediction, self.seen = prediction, seen

    def __repr__(self):
        return f"Seen: {self.seen}"

    def _repr_mimebundle_(self, include=None, exclude=None):
        widgets = toolkit()
        return bundle(repr(self), None, widgets.HTML(self._html()) if widgets else None)

    def _html(self):
        """Every answer with its mark, in words and not in color alone, and the sentence below."""
        choice, answers = self.prediction.choice, self.prediction.answers
        rows = "".join(_marked(answer, answer == choice, answer == self.seen) for answer in answers)
        told = sentence(choice, self.seen, answers)
        return _line(self.prediction.question, 15, strong=True) + rows + _line(told, 14)


def sentence(choice, seen, answers):
    """What is said about a choice and the evidence; kind whichever way it went."""
    said = f"You said {choice.rstrip('.')}." if choice is not None else "You had not chosen yet."
    beside = "" if seen in answers else " That was not among the answers."
    return f"{said} Seen: {seen.rstrip('.')}.{beside}"


def _marked(answer, chosen, seen):
    marks = [word for word, holds in (("you", chosen), ("seen", seen)) if holds]
    edge = "var(--jp-brand-color1,#2363c3)" if seen else "transparent"
    mark = "".join(
        '<span style="border:1px solid currentColor;border-radius:9px;padding:0 7px;margin-left:8px;'
        'font-size:11px">'
        f"{word}</span>"
        for word in marks
    )
    weight = 600 if seen else 400
    return (
        f'<div style="border-left:4px solid {edge};padding:1px 8px;margin:2px 0;font-size:14px;'
        f'line-height:1.5;max-width:640px;font-weight:{weight};color:var(--jp-content-font-color1,#1f2430)">'
        f"{'●' if chosen else '○'} {theme.escape(answer)}{mark}</div>"
    )


def _line(said, size, strong=False):
    weight = 600 if strong else 400
    return (
        f'<div style="font-size:{size}px;line-height:1.5;font-weight:{weight};max-width:640px;'
        f'color:var(--jp-content-font-color1,#1f2430)">{theme.escape(said)}</div>'
    )
