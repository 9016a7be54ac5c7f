"""`predict`: the learner commits to one answer; what was seen stands beside it."""

from __future__ import annotations

import re

import pytest
from views import WIDGET

from labsupport import predict


def test_a_prediction_is_committed_to_with_one_click_until_it_is_revealed():
    guess = predict("How many segments must arrive?", "none", "one", "two")
    assert repr(guess) == "How many segments must arrive?\n( ) none  ( ) one  ( ) two"
    assert guess.choice is None
    guess.widget
    guess._radio.value = "one"  # what a click does
    assert guess.choice == "one"
    guess._radio.value = "two"
    assert guess.choice == "two" and "You say: two" in guess._status.value
    shown = guess.reveal(2 and "two")
    assert repr(shown) == "Seen: two"
    assert guess._radio.disabled and "You said two. Seen: two." in guess._status.value
    guess._radio.value = "none"
    assert guess.choice == "two"


def test_the_stored_form_is_that_of_nobody_having_chosen():
    chosen, untouched = predict("Which?", "a", "b"), predict("Which?", "a", "b")
    chosen.choose("a")
    for first, second in ((chosen, untouched), (chosen.reveal("b"), untouched.reveal("b"))):
        one, other = first._repr_mimebundle_()[0], second._repr_mimebundle_()[0]
        assert {kind: one[kind] for kind in one if kind != WIDGET} == {
            kind: other[kind] for kind in other if kind != WIDGET
        }


def test_evidence_of_any_type_marks_the_answer_that_reads_the_same():
    guess = predict("How many?", "5", "6", "True")
    guess.choose("5")
    assert "Seen: 6." in guess.reveal(6)._html()
    assert "That was not among the answers." in guess.reveal(7)._html()
    assert "True" in repr(guess.reveal(1 == 1))
    assert "You had not chosen yet. Seen: a." in predict("Which?", "a", "b").reveal("a")._html()


def test_nothing_kind_is_shouted():
    guess = predict("Which?", "a", "b")
    guess.choose("a")
    assert "!" not in re.sub(r"<[^>]*>", "", guess.reveal("b")._html())


def test_predict_refuses_bad_questions():
    with pytest.raises(ValueError, match="at least two"):
        predict("Which?", "one")
    with pytest.raises(TypeError, match="strings"):
        predict("Which?", 1, 2)
    with pytest.raises(ValueError, match="differ"):
        predict("Which?", "one", "one")
    with pytest.raises(ValueError, match="the answers are a, b"):
        predict("Which?", "a", "b").choose("c")
