"""A verdict: true when passed; its text settled, its live view with marks and words, prints and picture."""

from __future__ import annotations

import re
import sys

import pytest
from ipywidgets.widgets.widget import _instances

from answer_files import function
from labsupport import check
from labsupport.exercises.exercise import named, of_notebook
from labsupport.exercises.verdict import NOT_YET, PASSED, SHOWN, Verdict
from labsupport.timeline import Timeline
from labsupport.widgets import bundle, verdict_bundle

pytestmark = pytest.mark.usefixtures("scores_elsewhere")

NAME = "recv_exactly"
ONE_RECV = f"def {NAME}(sock, count):\n    print('<asked for>\\t', count)\n    return sock.recv(count)\n"


@pytest.fixture
def wrong():
    return check(function(NAME, ONE_RECV))


def live(verdict):
    """The HTML of the widget in a verdict's bundle."""
    data, _ = verdict_bundle(verdict)
    return _instances[data[bundle.WIDGET]["model_id"]].value


def words(html):
    """What a reader sees of it, pictures apart."""
    html = re.sub(r"<style>.*?</style>|<svg.*</svg>", "", html, flags=re.S)
    return re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", html)).strip()


def test_the_cause_the_score_the_prints_and_the_picture(wrong):
    html = live(wrong)
    said = words(html)
    assert said.startswith(f"✕ {NAME}: not yet 1 try · notebook 06: solved 0 of {len(of_notebook('06'))}")
    assert "you returned after the first: got 3 of 16" in said
    assert "It printed: &lt;asked for&gt; 16" in said
    assert html.count("<svg") == 1 and "recv(16)" in html
    assert "Beyond" not in said


def test_after_a_pass_the_sentence_beyond_and_the_score():
    check(function(NAME, ONE_RECV))
    verdict = check(function(NAME, named(NAME).solution.read_text()))
    assert verdict
    said = words(live(verdict))
    assert said.startswith(f"✓ {NAME}: passed solved at try 2 · notebook 06: solved 1 of ")
    assert re.search("Beyond this exercise: it would bound count before", said)
    again = check(function(NAME, ONE_RECV))
    assert words(live(again)).startswith(f"✕ {NAME}: not yet solved at try 2 before · ")


def test_not_attempted_yet_is_one_quiet_line():
    verdict = check(function(NAME, f"def {NAME}(sock, count):\n    raise NotImplementedError\n"))
    assert words(live(verdict)) == f"○ {NAME}: not attempted yet"
    assert repr(verdict) == f"{NAME}: not attempted yet"


def test_the_text_of_the_bundle_is_the_repr_and_nothing_else_is_stored(wrong):
    data, metadata = wrong._repr_mimebundle_()
    assert data["text/plain"] == repr(wrong) and metadata == {}
    assert set(data) == {"text/plain", bundle.WIDGET}


def test_without_ipywidgets_the_text_is_left(wrong, monkeypatch):
    monkeypatch.setitem(sys.modules, "ipywidgets", None)
    assert wrong._repr_mimebundle_()[0] == {"text/plain": repr(wrong)}


def test_text_and_picture_tell_the_same_calls(wrong):
    assert repr(Timeline(wrong.timeline.settled, wrong.timeline.lanes)) == repr(wrong.timeline)


def test_code_in_a_message_is_marked_and_nothing_in_it_is_html():
    verdict = Verdict(NAME, NOT_YET, "It raised <b> at `if a < b & c:`, and `x` `y`.")
    html = live(verdict)
    assert re.search(r"raised &lt;b&gt; at <code [^>]*>if a &lt; b &amp; c:</code>, and <code", html)
    assert html.count("</code>") == 3
    lonely = Verdict(NAME, NOT_YET, "a lonely ` stays")
    assert "a lonely ` stays" in live(lonely) and "</code>" not in live(lonely)


def test_a_verdict_that_was_not_counted_has_no_score():
    assert words(live(Verdict(NAME, PASSED, "It did."))) == f"✓ {NAME}: passed It did."


def test_long_prints_and_control_characters_do_no_harm():
    verdict = Verdict(NAME, NOT_YET, "It did not.", output="a\x1b[31m\tb\n" * 2 * SHOWN)
    html = live(verdict)
    assert len(html) < 10 * SHOWN and "\x1b" not in html and "…" in html


def test_what_was_not_tried_is_said():
    verdict = Verdict(NAME, PASSED, "It did.", skipped=("IPv6 on loopback",))
    assert "Not tried here: IPv6 on loopback" in words(live(verdict))
