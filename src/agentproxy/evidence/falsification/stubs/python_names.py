"""Gives Python source the names back that its older function bodies still need. Pure."""

import ast
from collections.abc import Iterator, Mapping, Sequence

from agentproxy.evidence.falsification.stubs.stubs import CannotParse

MAX_ADDED = 1000  # statements of the base


def restore_python_names(before: bytes, stubbed: bytes) -> bytes:
    """The source, and behind it what the base defined at its top, the source needs and lacks.

    A base that cannot be parsed gives nothing.

    Raises:
        CannotParse: the source cannot be parsed.
    """
    tree = _parse(stubbed)
    try:
        base = _parse(before)
    except CannotParse:
        return stubbed
    defined = {name: each for each in base.body for name in _bound([each])}
    known, needed = set(_bound(tree.body)), _loaded(tree.body)
    added: list[ast.stmt] = []
    while len(added) < MAX_ADDED:
        missing = [defined[name] for name in sorted(needed - known) if name in defined]
        if not missing:
            break
        added.append(missing[0])
        known |= set(_bound(missing[:1]))
        needed |= _loaded(missing[:1])
    # In the order of the base: one may need another.
    return _append(stubbed, before, sorted(added, key=lambda each: each.lineno))


def _parse(source: bytes) -> ast.Module:
    try:
        return ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise CannotParse(str(error)) from error


def _append(stubbed: bytes, before: bytes, added: Sequence[ast.stmt]) -> bytes:
    lines = before.splitlines(keepends=True)
    pieces = [b"".join(lines[_first_line(each) - 1 : each.end_lineno]) for each in added]
    return b"\n".join([stubbed, *pieces]) if pieces else stubbed


def _first_line(statement: ast.stmt) -> int:
    decorators: list[ast.expr] = getattr(statement, "decorator_list", [])
    return min([statement.lineno, *(each.lineno for each in decorators)])


def _bound(body: Sequence[ast.stmt]) -> Iterator[str]:
    """The names that statements define where they stand, in blocks too."""
    for statement in body:
        match statement:
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
                yield name
            case ast.ClassDef(name=name):
                yield name
            case ast.Import(names=names) | ast.ImportFrom(names=names):
                yield from (each.asname or each.name.partition(".")[0] for each in names)
            case _:
                yield from (
                    node.id
                    for node in ast.walk(statement)
                    if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)
                )
                yield from _bound_in_blocks(statement)


def _bound_in_blocks(statement: ast.stmt) -> Iterator[str]:
    fields: Mapping[str, object] = vars(statement)
    for block in ("body", "orelse", "finalbody"):
        if isinstance(inner := fields.get(block), list):
            yield from _bound(inner)  # pyright: ignore[reportUnknownArgumentType]
    for each in getattr(statement, "handlers", ()):
        yield from _bound(each.body)


def _loaded(body: Sequence[ast.stmt]) -> set[str]:
    return {
        node.id
        for statement in body
        for node in ast.walk(statement)
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)
    }
