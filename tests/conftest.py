"""What several test files share: how notebooks are chosen, and what nbval may not ask of this machine."""

from __future__ import annotations

from abilities import missing_here


def pytest_collection_modifyitems(items):
    """Where an ability is missing, cells that need it are still executed; test_notebooks looks at the line
    that they give.
    """
    for item in items:
        cell = getattr(item, "cell", None)
        if cell is not None and missing_here() & set(cell.metadata.get("tags", ())):
            item.options["check"] = False
