"""The learner's notebooks: what is copied, kept, offered and trusted, on a small course."""

from __future__ import annotations

import sys

import lab_course
import pytest
from lab_course import FIVE, NOTEBOOKS, call, names, today, visible

from labsetup import copies, jupyter

places = lab_course.places


def test_first_start_copies_all_but_checkpoints(places):
    (places.course / ".ipynb_checkpoints").mkdir()
    (places.course / ".ipynb_checkpoints" / "00-start-here-checkpoint.ipynb").write_text("old")
    copies.copy_course(places)
    copied = [path.relative_to(places.mine).as_posix() for path in places.mine.rglob("*") if path.is_file()]
    assert sorted(copied) == sorted([*NOTEBOOKS, copies.SEEN])


def test_a_copy_of_the_course_is_trusted_and_nothing_else(places, tmp_path, monkeypatch):
    import nbformat
    from nbformat.sign import NotebookNotary

    monkeypatch.setenv("JUPYTER_DATA_DIR", str(tmp_path / "jupyter"))
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("1")])
    for name in ("10-ours.ipynb", "11-other.ipynb"):
        notebook.metadata["name"] = name
        nbformat.write(notebook, places.course / name)
    new = copies.copy_course(places)
    assert [path.name for path in new if path.name == "10-ours.ipynb"]
    places.python = sys.executable
    jupyter.trust(places, [places.mine / "10-ours.ipynb"])
    notary = NotebookNotary(data_dir=str(tmp_path / "jupyter"))
    names = ("10-ours.ipynb", "11-other.ipynb")
    assert [notary.check_signature(nbformat.read(places.mine / name, 4)) for name in names] == [True, False]


def test_later_starts_add_what_is_new_and_keep_what_is_there(places):
    copies.copy_course(places)
    mine = places.mine / NOTEBOOKS[1]
    mine.write_text("my work")
    (places.course / NOTEBOOKS[1]).write_text("course's, improved")
    (places.course / "06-new.ipynb").write_text("new")
    copies.copy_course(places)
    assert mine.read_text() == "my work"
    assert (places.mine / "06-new.ipynb").read_text() == "new"


def test_copies_of_a_read_only_course_can_be_written(places):
    (places.course / NOTEBOOKS[0]).chmod(0o444)
    copies.copy_course(places)
    assert (places.mine / NOTEBOOKS[0]).stat().st_mode & 0o200


def test_a_copy_is_whole_or_absent(places):
    target = places.mine / "gone.ipynb"
    with pytest.raises(FileNotFoundError):
        copies.add(places.course / "gone.ipynb", target)
    assert list(places.mine.iterdir()) == []


def test_fresh_gives_a_new_copy_and_keeps_every_old_one(places):
    copies.copy_course(places)
    mine = places.mine / NOTEBOOKS[1]
    for count in (1, 2):
        mine.write_text(f"my work {count}")
        done = call(places, "fresh", "05")
        assert done.returncode == 0, done.stderr
        assert mine.read_text() == (places.course / NOTEBOOKS[1]).read_text()
    kept = [places.mine / f"05-kept-{today()}{count}-connecting-to-a-server.ipynb" for count in ("", "-2")]
    assert [path.read_text() for path in kept] == ["my work 1", "my work 2"]


def test_fresh_needs_no_earlier_copy_and_takes_several(places):
    assert call(places, "fresh", "0", "5").returncode == 0
    assert sorted(path.name for path in places.mine.glob("*.ipynb")) == sorted(NOTEBOOKS[:2])


@pytest.mark.parametrize("numbers", [["7"], ["../00"], [], ["5", "7"]])
def test_fresh_of_an_unknown_number_lists_the_notebooks_and_touches_none(places, numbers):
    done = call(places, "fresh", *numbers)
    assert done.returncode == 1 and NOTEBOOKS[1] in done.stderr
    assert not places.mine.exists()


# ---- A newer file of the course


def test_a_newer_notebook_is_offered_beside_an_edited_one_once(places, capsys):
    copies.copy_course(places)
    (places.mine / FIVE).write_text("my work")
    (places.course / FIVE).write_text("course's, improved")
    offered = places.mine / f"05-new-{today()}-connecting-to-a-server.ipynb"
    assert copies.copy_course(places) == [offered]
    assert offered.read_text() == "course's, improved" and (places.mine / FIVE).read_text() == "my work"
    assert capsys.readouterr().out.splitlines() == [
        f"The course has a newer {FIVE}: it is beside yours, which stays, as {offered.name}"
    ]
    before = names(places.mine)
    assert copies.copy_course(places) == [] and names(places.mine) == before
    assert capsys.readouterr().out == ""


def test_each_newer_one_is_offered_under_a_name_of_its_own(places):
    copies.copy_course(places)
    for text in ("second", "third", "fourth"):
        (places.course / FIVE).write_text(text)
        copies.copy_course(places)
    there = [f"05-new-{today()}{count}-connecting-to-a-server.ipynb" for count in ("", "-2", "-3")]
    assert [(places.mine / name).read_text() for name in there] == ["second", "third", "fourth"]


def test_a_copy_that_is_the_newer_one_already_needs_no_offer(places):
    copies.copy_course(places)
    for name in (FIVE, "c/client.c"):
        for folder in (places.course, places.mine):
            (folder / name).parent.mkdir(exist_ok=True)
            (folder / name).write_text("improved")
    assert copies.copy_course(places) == []
    (places.mine / FIVE).write_text("my work")  # and from there on it is known
    assert copies.copy_course(places) == []
    assert visible(places.mine) == sorted([*NOTEBOOKS, "c/client.c"])


def test_a_saved_and_otherwise_unedited_copy_is_not_taken_for_an_old_one(places):
    copies.copy_course(places)
    (places.mine / FIVE).write_text("the same, saved by JupyterLab with other outputs")
    assert copies.copy_course(places) == [] and visible(places.mine) == sorted(NOTEBOOKS)


@pytest.mark.parametrize("memory", [None, "", "[1]", "{", '{"05-connecting-to-a-server.ipynb": null}'])
def test_a_folder_without_memory_gets_no_offer_and_is_remembered(places, memory):
    copies.copy_course(places)
    (places.mine / copies.SEEN).unlink()
    if memory is not None:
        (places.mine / copies.SEEN).write_text(memory)
    (places.mine / FIVE).write_text("my work on an older one")
    assert copies.copy_course(places) == [] and visible(places.mine) == sorted(NOTEBOOKS)
    (places.course / FIVE).write_text("course's, improved")
    assert len(copies.copy_course(places)) == 1


def test_files_below_c_are_offered_too_and_a_new_folder_is_copied(places):
    (places.course / "c").mkdir()
    (places.course / "c" / "client.c").write_text("int main;")
    copies.copy_course(places)
    (places.mine / "c" / "client.c").write_text("mine")
    (places.course / "c" / "client.c").write_text("int main(void);")
    assert copies.copy_course(places) == []  # there is nothing in it to trust
    assert (places.mine / "c" / f"new-{today()}-client.c").read_text() == "int main(void);"
    assert (places.mine / "c" / "client.c").read_text() == "mine"


def test_an_offer_that_was_not_remembered_is_not_made_again(places):
    copies.copy_course(places)
    memory = (places.mine / copies.SEEN).read_bytes()
    (places.mine / FIVE).write_text("my work")
    (places.course / FIVE).write_text("course's, improved")
    copies.copy_course(places)
    before = names(places.mine)
    (places.mine / copies.SEEN).write_bytes(memory)  # as after a power cut between the two
    assert copies.copy_course(places) == [] and names(places.mine) == before


@pytest.mark.parametrize(
    "offered",
    [
        "05-new-2026-11-22-connecting-to-a-server.ipynb",
        "05-new-2026-11-22-2-connecting-to-a-server.ipynb",
        "05-connecting-to-a-server.new-2026-11-22.ipynb",  # as earlier versions of lab.py named it
        "05-connecting-to-a-server.new-2026-11-22-2.ipynb",
    ],
)
def test_an_offer_of_another_day_or_form_is_not_made_again(places, offered):
    copies.copy_course(places)
    (places.mine / FIVE).write_text("my work")
    (places.course / FIVE).write_text("course's, improved")
    (places.mine / offered).write_text("course's, improved")
    before = names(places.mine)
    assert copies.copy_course(places) == [] and names(places.mine) == before
    (places.course / FIVE).write_text("improved again")
    assert len(copies.copy_course(places)) == 1


def test_a_file_below_c_is_not_offered_again_either(places):
    for folder in (places.course, places.mine):
        (folder / "c").mkdir(parents=True)
        (folder / "c" / "client.c").write_text("int main;")
    copies.copy_course(places)
    (places.course / "c" / "client.c").write_text("int main(void);")
    (places.mine / "c" / "client.new-2026-11-22.c").write_text("int main(void);")
    before = names(places.mine)
    assert copies.copy_course(places) == [] and names(places.mine) == before


def test_no_copy_beside_is_taken_for_the_notebook_itself(places):
    copies.copy_course(places)
    for count in range(2):
        (places.course / NOTEBOOKS[0]).write_text(f"improved {count}")
        copies.copy_course(places)
        assert call(places, "fresh", "00").returncode == 0
    old = ["00-start-here.kept-2026-11-22.ipynb", "00-start-here.new-2026-11-22-2.ipynb"]
    for name in old:
        (places.mine / name).touch()
    assert len(list(places.mine.glob("00-*.ipynb"))) == 1 + 4 + len(old)
    assert copies.own(places.mine, "00") == [places.mine / NOTEBOOKS[0]]
    assert f"--LabApp.default_url=/lab/tree/{NOTEBOOKS[0]}" in jupyter.options(places.mine, [])
    (places.mine / NOTEBOOKS[0]).unlink()
    assert copies.own(places.mine, "00") == []
    assert "--LabApp.default_url=/lab" in jupyter.options(places.mine, [])


@pytest.mark.parametrize("name", ["00-new-to-sockets.ipynb", "00-kept-alive.ipynb", "00-start-here.2.ipynb"])
def test_a_name_that_only_begins_like_a_mark_is_a_notebooks_own(tmp_path, name):
    (tmp_path / name).touch()
    assert copies.own(tmp_path, "00") == [tmp_path / name]


def test_what_was_copied_before_the_disk_filled_is_remembered(places, monkeypatch):
    def full(source, target, add=copies.add):
        if target.name == FIVE:
            raise OSError(28, "No space left on device")
        return add(source, target)

    with monkeypatch.context() as patch, pytest.raises(OSError, match="No space"):
        patch.setattr(copies, "add", full)
        copies.copy_course(places)
    assert visible(places.mine) == [NOTEBOOKS[0]] and list(copies.recall(places)) == [NOTEBOOKS[0]]
    assert [path.name for path in copies.copy_course(places)] == [FIVE]


def test_what_cannot_be_read_stops_nothing_else(places):
    copies.copy_course(places)
    (places.mine / FIVE).unlink()
    (places.mine / FIVE).mkdir()  # whatever it is, it stays
    (places.course / FIVE).write_text("course's, improved")
    (places.course / "06-new.ipynb").write_text("new")
    assert [path.name for path in copies.copy_course(places)][-1] == "06-new.ipynb"
    assert (places.mine / FIVE).is_dir()


def test_fresh_takes_the_newer_one_and_leaves_nothing_to_offer(places):
    copies.copy_course(places)
    (places.course / FIVE).write_text("course's, improved")
    assert call(places, "fresh", "5").returncode == 0
    (places.mine / FIVE).write_text("my work on the improved one")
    assert copies.copy_course(places) == []
