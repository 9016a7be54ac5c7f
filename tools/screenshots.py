"""Photographs of the notebooks in a real JupyterLab, for the person who judges whether they look good.

    python tools/screenshots.py 05 [04 …]   all cells run: build/shots/05-light-1.png, …, 05-dark-1.png, …
    python tools/screenshots.py 05 --live   each output right after its cell has run, before a later cell
                                            changes or closes what it shows: build/shots/05-light-CELL-ID.png

Options: --theme light|dark (both unless told), --width PIXELS of the window, --cells ID,ID (with --live: only
these). In place of a number, `teacher` is classroom/teacher.ipynb.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
import tempfile
from pathlib import Path

import labpage
from nboutputs import ROOT

SHOTS = ROOT / "build" / "shots"
TEACHER = ROOT / "classroom" / "teacher.ipynb"  # no part of the course: only when asked for
HEIGHT = 1500  # pixels of one picture
THEMES = {"light": "JupyterLab Light", "dark": "JupyterLab Dark"}
SETTINGS = {
    "@jupyterlab/apputils-extension:notification": {"fetchNews": "false", "checkForUpdates": False},
    "@jupyterlab/notebook-extension:tracker": {
        "windowingMode": "none",
        "scrollPastEnd": False,
        "recordTiming": False,
    },
}


def main(arguments: list[str] | None = None) -> int:
    """Take the pictures. Returns 1 where Chromium is missing."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("numbers", nargs="*", metavar="NN")
    parser.add_argument("--live", action="store_true")
    parser.add_argument("--theme", choices=tuple(THEMES))
    parser.add_argument("--width", type=int, default=1150)
    parser.add_argument("--cells", default="")
    options = parser.parse_args(arguments)
    if labpage.chromium() is None:
        print("no Chromium here: install Debian's package chromium", file=sys.stderr)
        return 1
    SHOTS.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="shots-") as folder:
        copy = Path(folder, "notebooks")
        shutil.copytree(ROOT / "notebooks", copy, ignore=shutil.ignore_patterns(".*"))
        names = sorted(path.name for path in copy.glob("*.ipynb"))
        shutil.copy(TEACHER, copy)
        numbers = options.numbers or [_number(name) for name in names]
        wanted = [name for name in (*names, TEACHER.name) if _number(name) in numbers]
        with labpage.running_lab(lab_command(copy, Path(folder)), cwd=copy, env=surroundings()) as (
            address,
            token,
        ):
            with labpage.browser_page(options.width, HEIGHT) as page:
                for name in wanted:
                    photograph(page, address, token, name, options)
    return 0


def _number(name: str) -> str:
    """What a notebook is asked for by: "05" or "teacher"."""
    return name.removesuffix(".ipynb").partition("-")[0]


def photograph(page, address: str, token: str, name: str, options) -> None:
    """Run one notebook and save its pictures."""
    themes = [options.theme] if options.theme else list(THEMES)
    labpage.open_notebook(page, address, token, name)
    if options.live:
        _live(page, _number(name), themes, [cell for cell in options.cells.split(",") if cell])
    else:
        labpage.run_all(page)
        page.wait_for_timeout(1000)  # pictures and widgets are laid out after the last reply
        for theme in themes:
            _theme(page, theme)
            print(*_scrolled(page, f"{_number(name)}-{theme}"), sep="\n")
    for error in labpage.errors(page):
        print(f"{name}: a cell shows an error:\n{error}", file=sys.stderr)


def _live(page, number: str, themes: list[str], only: list[str]) -> None:
    for cell in labpage.cells(page):
        if cell["type"] != "code":
            continue
        labpage.run_cell(page, cell["id"])
        page.wait_for_timeout(400)  # a live view draws at 10 Hz
        output = labpage.output_of(page, cell["id"])
        if (only and cell["id"] not in only) or not output.query_selector("svg, img, .jupyter-widgets"):
            continue
        for theme in themes:
            _theme(page, theme)
            path = SHOTS / f"{number}-{theme}-{cell['id']}.png"
            output.screenshot(path=path)
            print(path.relative_to(ROOT))


def _theme(page, theme: str) -> None:
    if page.evaluate("() => document.body.dataset.jpThemeName") != THEMES[theme]:
        labpage.command(page, "apputils:change-theme", theme=THEMES[theme])
        page.wait_for_function("name => document.body.dataset.jpThemeName === name", arg=THEMES[theme])
        page.wait_for_timeout(300)


def _scrolled(page, stem: str) -> list[Path]:
    """Pictures of the whole notebook, one screen after the other."""
    for old in SHOTS.glob(f"{stem}-[0-9]*.png"):
        old.unlink()
    paths, top = [], 0
    scroll = """top => {
        const boxes = [...document.querySelectorAll('.jp-WindowedPanel-outer, .jp-Notebook')];
        const box = boxes.find(one => one.scrollHeight > one.clientHeight + 4) || boxes[0];
        box.scrollTop = top; return [box.scrollTop, box.clientHeight, box.scrollHeight]; }"""
    while True:
        reached, height, whole = page.evaluate(scroll, top)
        page.wait_for_timeout(150)
        paths.append((SHOTS / f"{stem}-{len(paths) + 1}.png").relative_to(ROOT))
        page.screenshot(path=ROOT / paths[-1])
        top = reached + height - 60
        if reached + height >= whole - 4:
            return paths


def lab_command(folder: Path, scratch: Path) -> list[str]:
    settings = scratch / "settings"
    settings.mkdir()
    (settings / "overrides.json").write_text(json.dumps(SETTINGS))
    return [
        *(
            sys.executable,
            "-m",
            "jupyterlab",
            *labpage.LAB_OPTIONS,
            "--allow-root",
            "--ServerApp.ip=127.0.0.1",
        ),
        *(f"--ServerApp.root_dir={folder}", f"--LabApp.app_settings_dir={settings}"),
        *(
            f"--LabApp.user_settings_dir={scratch / 'user'}",
            f"--LabApp.workspaces_dir={scratch / 'workspaces'}",
        ),
        "--LabApp.extension_manager=readonly",
    ]


def surroundings() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(ROOT), "JUPYTER_PREFER_ENV_PATH": "1"}


if __name__ == "__main__":
    sys.exit(main())
