"""Mutants of a solution: one small fault each, put in by machine."""

from __future__ import annotations

import ast
import copy

_SWAPS = {
    ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq,
    ast.Is: ast.IsNot, ast.IsNot: ast.Is, ast.In: ast.NotIn, ast.NotIn: ast.In,
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Add, ast.And: ast.Or, ast.Or: ast.And,
}  # fmt: skip
_SAFE = ast.FunctionDef, ast.ClassDef, ast.Import, ast.ImportFrom


def mutants(source: str) -> dict[str, str]:
    """{what was changed: the source with the change}. Annotations, docstrings and comments are left alone."""
    tree = ast.parse(source)
    found = {}
    for number, node in enumerate(ast.walk(tree)):
        for said, change in _changes(node):
            changed = copy.deepcopy(tree)
            change(_at(changed, number))
            ast.fix_missing_locations(changed)
            key, more = said, 1
            while key in found:
                more += 1
                key = f"{said} ({more})"
            found[key] = ast.unparse(changed)
    return found


def _at(tree, number):
    for index, node in enumerate(ast.walk(tree)):
        if index == number:
            return node
    raise IndexError(number)


def _changes(node):
    """(in words, what does it to the same node of a copy) of each change at this node."""
    for field in ("body", "orelse", "finalbody"):
        statements = getattr(node, field, None)
        for index, statement in enumerate(statements if isinstance(statements, list) else []):
            if not isinstance(statement, (*_SAFE, ast.Pass, ast.Global, ast.Nonlocal)) and not _is_text(statement):
                yield f"dropped: {_first_line(statement)}", _drop(field, index)
    if isinstance(node, ast.Compare):
        for index, operator in enumerate(node.ops):
            if type(operator) in _SWAPS:
                yield f"{ast.unparse(node)}: {type(operator).__name__} swapped", _swap_compare(index)
    if isinstance(node, (ast.BinOp, ast.BoolOp, ast.AugAssign)) and type(node.op) in _SWAPS:
        yield f"{_first_line(node)}: {type(node.op).__name__} swapped", _swap_operator
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        yield f"{ast.unparse(node)}: not dropped", _drop_not
    if isinstance(node, (ast.If, ast.While)) and not (isinstance(node.test, ast.Constant)):
        yield f"{_first_line(node)} negated", _negate
    if isinstance(node, ast.Constant) and type(node.value) in (int, float):
        yield f"{node.value!r}: one more", _more
    if isinstance(node, ast.Constant) and type(node.value) is bool:
        yield f"{node.value!r}: negated", _flip
    if isinstance(node, ast.With) and not any(item.optional_vars for item in node.items):
        yield f"{_first_line(node)} left out", _unwrap


def _is_text(statement):
    return isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)


def _first_line(node):
    return ast.unparse(node).split("\n")[0]


def _drop(field, index):
    def change(node):
        statements = getattr(node, field)
        statements[index] = ast.Pass()

    return change


def _swap_compare(index):
    def change(node):
        node.ops[index] = _SWAPS[type(node.ops[index])]()

    return change


def _swap_operator(node):
    node.op = _SWAPS[type(node.op)]()


def _drop_not(node):
    node.operand = ast.UnaryOp(ast.Not(), node.operand)


def _negate(node):
    node.test = ast.UnaryOp(ast.Not(), node.test)


def _more(node):
    node.value += 1


def _flip(node):
    node.value = not node.value


def _unwrap(node):
    node.items = [ast.withitem(ast.parse("__import__('contextlib').nullcontext()", mode="eval").body)]
