"""Makes pins.txt from pyproject.toml: `python tools/pins.py`; `--upgrade` takes the newest within the bounds.

The pins have to serve every platform and every Python from 3.11 on, as a constraints file for pip, uv and
conda. So uv resolves for all of them at once; then the markers go, because a constraint on a package that a
platform never asks for does no harm. `--fork-strategy fewest` makes uv look for one version that fits
everywhere. Should it find only two, this stops and names the package, for its bound to be narrowed.
"""

from __future__ import annotations

import collections
import pathlib
import shutil
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
PINS = ROOT / "pins.txt"


def resolve(upgrade: bool) -> str:
    """What uv resolves for all platforms, as lines with markers. Good pins stay, unless `upgrade`."""
    from uv import find_uv_bin

    command = [find_uv_bin(), "pip", "compile", "--universal", "--fork-strategy", "fewest", "--all-extras"]
    command += ["--python-version", "3.11", "--no-header", "--no-annotate", "--no-emit-index-url", "--quiet"]
    with tempfile.TemporaryDirectory() as folder:
        output = pathlib.Path(folder, "pins.txt")  # uv prefers the versions that it finds in its output file
        if PINS.exists() and not upgrade:
            shutil.copyfile(PINS, output)
        command += ["pyproject.toml", "-o", str(output)]
        if subprocess.run(command, cwd=ROOT, stdout=subprocess.DEVNULL).returncode:
            sys.exit("uv could not resolve pyproject.toml; its words are above")
        return output.read_text("utf-8")


def plain(resolved: str) -> list[str]:
    """`name==version` lines without markers, sorted; ValueError for a package that needs two versions."""
    versions = collections.defaultdict(set)
    for line in resolved.splitlines():
        name, _, version = line.partition(";")[0].strip().partition("==")
        versions[name].add(version)
    twice = sorted(name for name, found in versions.items() if len(found) > 1)
    if twice:
        raise ValueError(f"no one version fits everywhere, narrow the bounds of: {', '.join(twice)}")
    return [f"{name}=={version}" for name, found in sorted(versions.items()) for version in found]


def main() -> None:
    lines = plain(resolve("--upgrade" in sys.argv[1:]))
    PINS.write_text("\n".join(lines) + "\n", "ascii")
    print(f"{PINS.name}: {len(lines)} packages")


if __name__ == "__main__":
    main()
