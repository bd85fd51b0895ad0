"""Loops that declare flags, unrolled: `for name, value in DEFAULTS.items(): p.add_argument(...)`.

Nothing is run: what a loop goes over must stand in the script, and its names are replaced by what
stands there. A loop over anything else stays as it is.
"""

from __future__ import annotations

import ast
import copy
from collections.abc import Iterator, Mapping

Nodes = Mapping[str, ast.expr]
_TEXT = {"replace", "lower", "upper", "strip", "lstrip", "rstrip"}


def unrolled(tree: ast.Module) -> ast.Module:
    """Return `tree` with the loops in it that add flags unrolled."""
    known = {
        node.targets[0].id: node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name)
    }
    found: ast.Module = _Unroller(known).visit(tree)
    return found


class _Unroller(ast.NodeTransformer):
    """Replaces loops by their rounds."""

    def __init__(self, known: Nodes) -> None:
        self.known = known

    def visit_For(self, node: ast.For) -> ast.AST | list[ast.stmt]:
        if not any(
            isinstance(n, ast.Attribute) and n.attr == "add_argument" for n in ast.walk(node)
        ):
            return node
        found: list[ast.stmt] = []
        for item in _rounds(node.iter, self.known):
            bound = _bound(node.target, item)
            if not bound:
                return node
            filler = _Filler({**self.known, **bound}, frozenset(bound))
            found += [filler.visit(copy.deepcopy(s)) for s in node.body]
        return found or node


def _rounds(node: ast.expr, known: Nodes) -> Iterator[ast.expr]:
    """Yield what a loop goes over: the items of a literal, or of a dict's keys, values or items."""
    node = known.get(node.id, node) if isinstance(node, ast.Name) else node
    if isinstance(node, ast.List | ast.Tuple | ast.Set):
        yield from node.elts
    elif isinstance(node, ast.Dict):
        yield from filter(None, node.keys)
    elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        of = node.func.value
        of = known.get(of.id, of) if isinstance(of, ast.Name) else of
        if isinstance(of, ast.Dict):
            pairs = [(k, v) for k, v in zip(of.keys, of.values, strict=True) if k is not None]
            ways: dict[str, list[ast.expr]] = {
                "items": [ast.Tuple([k, v], ast.Load()) for k, v in pairs],
                "keys": [k for k, _ in pairs],
                "values": [v for _, v in pairs],
            }
            yield from ways.get(node.func.attr, ())


def _bound(target: ast.expr, item: ast.expr) -> dict[str, ast.expr]:
    """Return what the names of a loop stand for in one round; {} where that is not known."""
    if isinstance(target, ast.Name):
        return {target.id: item}
    if not isinstance(target, ast.Tuple | ast.List) or not isinstance(item, ast.Tuple | ast.List):
        return {}
    if len(target.elts) != len(item.elts):
        return {}
    parts = [_bound(t, i) for t, i in zip(target.elts, item.elts, strict=True)]
    return {k: v for part in parts for k, v in part.items()} if all(parts) else {}


class _Filler(ast.NodeTransformer):
    """Puts what names stand for in their places, and works out what follows from that."""

    def __init__(self, known: Nodes, own: frozenset[str]) -> None:
        self.known, self.own = known, own

    def visit_Name(self, node: ast.Name) -> ast.expr:
        if node.id not in self.own:
            return node
        return ast.copy_location(copy.deepcopy(self.known[node.id]), node)

    def visit_BinOp(self, node: ast.BinOp) -> ast.expr:
        self.generic_visit(node)
        left, right = _text(node.left), _text(node.right)
        if isinstance(node.op, ast.Add) and left is not None and right is not None:
            return ast.copy_location(ast.Constant(left + right), node)
        return node

    def visit_JoinedStr(self, node: ast.JoinedStr) -> ast.expr:
        self.generic_visit(node)
        parts = [_text(v.value if isinstance(v, ast.FormattedValue) else v) for v in node.values]
        known = [p for p in parts if p is not None]
        same = len(known) == len(parts)
        return ast.copy_location(ast.Constant("".join(known)), node) if same else node

    def visit_Subscript(self, node: ast.Subscript) -> ast.expr:
        self.generic_visit(node)
        of = node.value
        of = self.known.get(of.id, of) if isinstance(of, ast.Name) else of
        if isinstance(of, ast.Dict) and isinstance(node.slice, ast.Constant):
            for key, value in zip(of.keys, of.values, strict=True):
                if isinstance(key, ast.Constant) and key.value == node.slice.value:
                    return ast.copy_location(copy.deepcopy(value), node)
        return node

    def visit_Call(self, node: ast.Call) -> ast.expr:
        self.generic_visit(node)
        node.keywords = [k for keyword in node.keywords for k in _spread(keyword)]
        of = node.args[0] if node.args else None
        if isinstance(node.func, ast.Name) and node.func.id == "type" and of is not None:
            kind = type(of.value).__name__ if isinstance(of, ast.Constant) else ""
            return ast.copy_location(ast.Name(kind, ast.Load()), node) if kind else node
        if isinstance(node.func, ast.Attribute) and node.func.attr in _TEXT:
            words = [_text(n) for n in (node.func.value, *node.args)]
            said = [w for w in words if w is not None]
            if len(said) == len(words):
                value = getattr(str, node.func.attr)(*said)
                return ast.copy_location(ast.Constant(value), node)
        return node


def _spread(keyword: ast.keyword) -> list[ast.keyword]:
    """Return the keywords that `**{...}` stands for."""
    if keyword.arg is not None or not isinstance(keyword.value, ast.Dict):
        return [keyword]
    pairs = zip(keyword.value.keys, keyword.value.values, strict=True)
    return [ast.keyword(name, v) for k, v in pairs if k is not None and (name := _text(k))]


def _text(node: ast.expr) -> str | None:
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else None
