"""The exercises in C: right answers pass whatever their style, wrong ones fail for their own reason."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor

import pytest

from answer_files import AT_ONCE, answers
from compilers import each_compiler, needs_compiler
from labsupport import check
from labsupport.c import compilers
from labsupport.exercises import scores
from labsupport.exercises.exercise import catalog
from labsupport.exercises.in_c import check_c, judge_c
from labsupport.exercises.verdict import NOT_ATTEMPTED

EXERCISES = [exercise for exercise in catalog().values() if exercise.in_c]
ANSWERS = [answer for exercise in EXERCISES for answer in answers(exercise.name)]
exercises = pytest.mark.parametrize("exercise", EXERCISES, ids=lambda exercise: exercise.name)


@pytest.fixture(scope="session")
def verdicts(request):
    """{source: (Verdict, diagnostics), to come} of the answers that were chosen, found side by side."""
    chosen = [
        getattr(getattr(item, "callspec", None), "params", {}).get("c_answer")
        for item in request.session.items
    ]
    with ThreadPoolExecutor(AT_ONCE) as pool:
        yield {
            one.source: pool.submit(judge_c, one.source, catalog()[one.name])
            for one in chosen
            if one is not None
        }


def of_kind(kind):
    """Each answer of that kind."""
    return pytest.mark.parametrize("c_answer", [one for one in ANSWERS if one.kind == kind], ids=str)


@exercises
@each_compiler
def test_the_solution_passes_without_a_warning(exercise, compiler):
    source = exercise.solution.read_text()
    verdict, diagnostics = judge_c(source, exercise, compiler=compiler, werror=True)
    assert verdict.passed, repr(verdict)
    assert not diagnostics and "//" in source


@needs_compiler
@of_kind("right")
def test_right_in_another_style_passes(c_answer, verdicts):
    verdict, _ = verdicts[c_answer.source].result()
    assert verdict.passed, repr(verdict)


@needs_compiler
@of_kind("wrong")
def test_wrong_fails_for_its_own_reason(c_answer, verdicts):
    verdict, _ = verdicts[c_answer.source].result()
    if verdict.passed and verdict.skipped:
        pytest.skip(f"its fault cannot show here: {', '.join(verdict.skipped)}")
    assert not verdict.passed
    assert re.search(c_answer.says, verdict.message), f"{verdict.message!r} does not say {c_answer.says!r}"


@exercises
def test_eight_wrong_answers_are_kept_and_two_right_ones(exercise):
    kinds = [answer.kind for answer in answers(exercise.name)]
    assert kinds.count("wrong") >= 8 and kinds.count("right") >= 2


@exercises
@pytest.mark.parametrize(
    "body", ["", "return -1;", "// yours\n    return -1; // nothing yet\n", "(void)sock; return 0;"]
)
def test_the_stub_is_not_attempted_yet_with_or_without_a_compiler(exercise, body, monkeypatch, capsys):
    monkeypatch.setenv("PATH", "")
    verdict = check_c(exercise.name, f"#include <stdio.h>\n{exercise.prototype[:-1]}\n{{\n    {body}\n}}\n")
    assert repr(verdict) == f"{exercise.name}: not attempted yet" and verdict.status == NOT_ATTEMPTED
    assert capsys.readouterr().out == ""


@exercises
def test_hints_and_texts_are_there(exercise):
    assert len(exercise.hints) >= 3 and exercise.asks and exercise.beyond


def test_where_no_compiler_is_one_line_says_so(monkeypatch, capsys):
    def find(name=None):
        raise compilers.NoCompiler("no cc, gcc or clang on the PATH")

    monkeypatch.setattr(compilers, "find", find)
    exercise = EXERCISES[0]
    assert check_c(exercise.name, exercise.solution.read_text()) is None
    (line,) = capsys.readouterr().out.splitlines()
    assert line.startswith("not available here: a C compiler (no cc") and "apt install gcc" in line


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """The user's data folder."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    monkeypatch.setattr(scores, "_unsaved", [])


@needs_compiler
def test_a_cell_counts_as_a_try_and_shows_what_the_compiler_says(folder, capsys):
    from IPython.core.interactiveshell import InteractiveShell

    from labsupport.c.magic import CMagic

    shell = InteractiveShell()
    shell.register_magics(CMagic)
    source = "#include <sys/socket.h>\nssize_t recv_all(int sock, void *b, size_t n)\n{\n    int i;\n"
    verdict = shell.run_cell_magic(
        "c", "--exercise recv_all", source + "    return recv(sock, b, n, 0);\n}\n"
    )
    assert verdict.tries == 1 and "got 3 of 16" in repr(verdict)
    assert capsys.readouterr().out.startswith("line 5: warning: unused variable 'i'")
    assert scores.read()[0]["recv_all"].tries == 1


def test_each_language_says_where_the_other_is_asked_for():
    with pytest.raises(ValueError, match="recv_exactly is asked for in Python"):
        check_c("recv_exactly", "")

    def recv_all(sock):
        return None

    with pytest.raises(TypeError, match="%%c --exercise recv_all"):
        check(recv_all)


@needs_compiler
def test_what_it_prints_is_shown_even_when_it_crashes():
    source = (
        "#include <stdio.h>\n#include <sys/types.h>\nssize_t recv_all(int sock, void *buffer, size_t count)\n"
        '{\n    printf("so far");\n    return *(int *) NULL + sock + count + !buffer;\n}\n'
    )
    verdict, _ = judge_c(source, catalog()["recv_all"])
    assert "NULL pointer" in verdict.message and verdict.output == "so far"


@needs_compiler
def test_one_that_closes_and_is_slow_to_return_has_not_waited():
    source = (
        "#define _DEFAULT_SOURCE\n#include <sys/socket.h>\n#include <unistd.h>\n"
        "int close_in_order(int sock)\n{\n    shutdown(sock, SHUT_WR);\n    close(sock);\n"
        "    usleep(400000);\n    return 0;\n}\n"
    )
    verdict, _ = judge_c(source, catalog()["close_in_order"])
    assert "you had not waited for that" in verdict.message
