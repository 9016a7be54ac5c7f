"""What is installed is said in one place: pyproject.toml. Pins and environment.yml are held to it here."""

from __future__ import annotations

import importlib.metadata
import pathlib
import re
import tomllib

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

ROOT = pathlib.Path(__file__).resolve().parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
LISTS = [PROJECT["dependencies"], *PROJECT["optional-dependencies"].values()]
REQUIREMENTS = [Requirement(line) for lines in LISTS for line in lines]
PIN_LINES = (ROOT / "pins.txt").read_text("ascii").splitlines()
PINS = dict(line.split("==") for line in PIN_LINES)


def test_pins_are_plain_sorted_lines_with_one_version_a_name():
    plain = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*==[0-9][0-9a-z.]*")
    assert [line for line in PIN_LINES if not plain.fullmatch(line)] == []
    assert PIN_LINES == sorted(PIN_LINES, key=lambda line: line.split("==")[0])
    assert len(PINS) == len(PIN_LINES)


@pytest.mark.parametrize("requirement", REQUIREMENTS, ids=lambda requirement: requirement.name)
def test_each_dependency_has_both_bounds_and_a_pin_within(requirement):
    assert {spec.operator for spec in requirement.specifier} == {">=", "<"}
    assert PINS[canonicalize_name(requirement.name)] in requirement.specifier


def test_everything_that_comes_along_here_is_pinned():
    wanted, known = {canonicalize_name(requirement.name) for requirement in REQUIREMENTS}, set()
    while wanted - known:
        name = (wanted - known).pop()
        known.add(name)
        try:
            lines = importlib.metadata.requires(name) or []
        except importlib.metadata.PackageNotFoundError:  # of the extra `maintain`, which the tests do without
            continue
        for need in map(Requirement, lines):
            if not need.marker or need.marker.evaluate({"extra": ""}):
                wanted.add(canonicalize_name(need.name))
    assert known - set(PINS) == set()


def test_environment_yml_installs_the_same():
    environment = yaml.safe_load((ROOT / "environment.yml").read_text("utf-8"))
    python, pip, packages = environment["dependencies"]
    assert packages == {"pip": ["-c pins.txt", "-e .", "notebook"]} and pip == "pip"
    assert "notebook" in PINS
    name, version = python.split("=")
    assert name == "python" and re.fullmatch(r"3\.\d+", version)
    assert version in SpecifierSet(PROJECT["requires-python"])


def test_lab_refuses_the_pythons_that_the_project_refuses():
    required = re.search(r"version_info < \((\d+), (\d+)\)", (ROOT / "lab.py").read_text("utf-8")).groups()
    assert PROJECT["requires-python"] == ">=" + ".".join(required)
