"""What stands in a drawing of the wire, for the tests of its ladder."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree

from labsupport.draw.wire_place import Placed
from labsupport.draw.wire_rows import plan

SPACE = "{http://www.w3.org/2000/svg}"


def parsed(svg):
    tree = ElementTree.fromstring(svg)
    assert tree.find(f"{SPACE}title").text and tree.find(f"{SPACE}desc").text
    assert tree.get("role") == "img"
    assert not [node for node in tree.iter() if node.get("id")], "ids clash between drawings on one page"
    return tree


def words(svg):
    """What stands in the drawing, a line for each text."""
    return [" ".join(node.itertext()) for node in parsed(svg).iter(f"{SPACE}text")]


def placed(story, scale="order", live=False):
    return Placed(story, plan(story), live, scale)
