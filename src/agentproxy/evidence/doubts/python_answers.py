"""Tables of literals in Python code, and the literals of its assertions. Pure."""

import ast
from collections.abc import Iterator

from agentproxy.evidence.doubts.answers import AnswerTable, Literal, Pair, Unit
from agentproxy.evidence.doubts.python_source import parse_python

MAX_ELEMENTS = 20  # of an answer that is a list

_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)


def find_python_tables(source: bytes) -> list[AnswerTable]:
    """The dicts of literals, and what each function answers to a literal.

    Raises:
        CannotParse: the source cannot be parsed.
    """
    module = parse_python(source)
    found = [
        AnswerTable(node.lineno, pairs)
        for node in ast.walk(module)
        if isinstance(node, ast.Dict) and (pairs := _pairs_of(node))
    ]
    found += [
        AnswerTable(node.lineno, pairs)
        for node in ast.walk(module)
        if isinstance(node, _FUNCTIONS) and (pairs := list(_answers_in(node)))
    ]
    return found


def find_python_units(source: bytes) -> list[Unit]:
    """The literals of each statement that asserts, and of each row of parameters.

    Raises:
        CannotParse: the source cannot be parsed.
    """
    units: list[Unit] = []
    for node in ast.walk(parse_python(source)):
        match node:
            case ast.Assert() | ast.Expr(value=ast.Call()):
                units.append(frozenset(_literals_in(node)))
            case ast.Tuple(elts=elements) | ast.List(elts=elements):
                units.append(frozenset(found for each in elements if (found := _literal(each))))
            case _:
                pass
    return [unit for unit in units if len(unit) > 1]


def _pairs_of(node: ast.Dict) -> list[Pair]:
    found: list[Pair] = []
    for key, value in zip(node.keys, node.values, strict=True):
        pair = (_literal(key), _literal(value))
        if pair[0] is None or pair[1] is None:
            return []
        found.append((pair[0], pair[1]))
    return found


def _answers_in(function: ast.AST) -> Iterator[Pair]:
    for node in _walk_within(function):
        match node:
            case ast.If(test=test, body=[ast.Return(value=value), *_]):
                yield from _compared(test, value)
            case ast.IfExp(test=test, body=value):
                yield from _compared(test, value)
            case ast.match_case(
                pattern=ast.MatchValue(value=key), body=[ast.Return(value=value), *_]
            ):
                yield from _pair(key, value)
            case _:
                pass


def _walk_within(function: ast.AST) -> Iterator[ast.AST]:
    """The nodes of a function, without those of functions inside of it."""
    todo = [function]
    while todo:
        node = todo.pop()
        yield node
        children = [each for each in ast.iter_child_nodes(node) if not isinstance(each, _FUNCTIONS)]
        todo += reversed(children)


def _compared(test: ast.expr, value: ast.expr | None) -> Iterator[Pair]:
    match test:
        case ast.Compare(left=left, ops=[ast.Eq()], comparators=[right]):
            yield from _pair(left if _literal(left) else right, value)
        case _:
            pass


def _pair(key: ast.expr, value: ast.expr | None) -> Iterator[Pair]:
    found = (_literal(key), _literal(value))
    if found[0] is not None and found[1] is not None:
        yield found[0], found[1]


def _literals_in(node: ast.AST) -> Iterator[Literal]:
    for each in ast.walk(node):
        if isinstance(each, ast.expr) and (found := _literal(each)) is not None:
            yield found


def _literal(node: ast.expr | None) -> Literal | None:
    match node:
        case ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=int() | float() as number)):
            return str(-number)
        case ast.Constant(value=bool()):
            return None
        case ast.Constant(value=str() | int() | float() as value):
            return str(value)
        case ast.List() | ast.Tuple() if 0 < len(node.elts) <= MAX_ELEMENTS:
            parts = [_literal(each) for each in node.elts]
            return None if None in parts else f"[{', '.join(filter(None, parts))}]"
        case _:
            return None
