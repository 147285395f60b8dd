"""The functions of Python source, for stubs."""

import ast
import re
from collections.abc import Iterator, Sequence

from agentproxy.evidence.falsification.stubs import CannotParse, Function, NewBody, number_names

FunctionNode = ast.FunctionDef | ast.AsyncFunctionDef


def find_python_functions(source: bytes) -> Sequence[Function]:
    """The functions and methods of a module; one inside of another belongs to the outer one.

    Raises:
        CannotParse: the source has a syntax error, or syntax that is newer than our interpreter.
    """
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise CannotParse(str(error)) from error
    lines = Lines(source)
    found = list(_functions_in(tree.body, ""))
    names = number_names(name for name, _ in found)
    return [_function(name, node, lines) for name, (_, node) in zip(names, found, strict=True)]


def _functions_in(body: Sequence[ast.stmt], prefix: str) -> Iterator[tuple[str, FunctionNode]]:
    for statement in body:
        if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef):
            yield f"{prefix}{statement.name}", statement
        elif isinstance(statement, ast.ClassDef):
            yield from _functions_in(statement.body, f"{prefix}{statement.name}.")
        else:
            for block in ("body", "orelse", "finalbody"):
                yield from _functions_in(getattr(statement, block, ()), prefix)
            for inner in (*getattr(statement, "handlers", ()), *getattr(statement, "cases", ())):
                yield from _functions_in(inner.body, prefix)


class Lines:
    """Source by line number and byte column, as `ast` counts them."""

    def __init__(self, source: bytes) -> None:
        self.source = source
        self.starts = [0]
        # `ast` ends a line at each of these three, and not at a form feed.
        self.starts += [match.end() for match in re.finditer(rb"\r\n|\r|\n", source)]

    def offset(self, line: int, column: int) -> int:
        return self.starts[line - 1] + column

    def indentation(self, line: int, column: int) -> bytes | None:
        """What stands before a statement; None where the statement does not begin its line."""
        before = self.source[self.starts[line - 1] : self.offset(line, column)]
        return before if not before.strip() else None


def _function(name: str, node: FunctionNode, lines: Lines) -> Function:
    first, last = node.body[0], node.body[-1]
    line, column = _start_of(first)
    indentation = lines.indentation(line, column)
    start = lines.offset(line, column)
    end = lines.offset(last.end_lineno or last.lineno, last.end_col_offset or 0)
    if indentation is None:
        indentation = (lines.indentation(node.lineno, node.col_offset) or b"") + b"    "
    # On a line of its own a body fits wherever it is put, also behind `def f():`.
    lead = b"\n" + indentation
    yields = _is_generator(node)
    stub: dict[NewBody, bytes] = {
        "nothing": lead + (b"return; yield" if yields else b"return None"),
        "raises": lead + b'raise NotImplementedError("stub")' + (b"; yield" if yields else b""),
    }
    return Function(
        name=name,
        signature=_signature(node),
        code="\n".join(ast.dump(statement) for statement in _without_docstring(node.body)),
        start=start,
        end=end,
        body=lead + lines.source[start:end],
        stub=stub,
    )


def _start_of(statement: ast.stmt) -> tuple[int, int]:
    """A decorated function or class begins at its first decorator."""
    decorators = getattr(statement, "decorator_list", [])
    if decorators:
        first = min(decorators, key=lambda each: each.lineno)
        return first.lineno, statement.col_offset
    return statement.lineno, statement.col_offset


def _signature(node: FunctionNode) -> str:
    """Names, kinds and defaults of the parameters. Annotations say nothing of how it is called."""
    given = node.args
    names = [
        [each.arg for each in group] for group in (given.posonlyargs, given.args, given.kwonlyargs)
    ]
    rest = [each.arg if each else "" for each in (given.vararg, given.kwarg)]
    defaults = [
        ast.dump(each) if each else "" for each in (*given.defaults, None, *given.kw_defaults)
    ]
    return repr((type(node).__name__, names, rest, defaults))


def _without_docstring(body: list[ast.stmt]) -> list[ast.stmt]:
    match body[0]:
        case ast.Expr(value=ast.Constant(value=str())):
            return body[1:]
        case _:
            return body


def _is_generator(node: FunctionNode) -> bool:
    todo: list[ast.AST] = list(node.body)
    while todo:
        each = todo.pop()
        if isinstance(each, ast.Yield | ast.YieldFrom):
            return True
        if not isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda | ast.ClassDef):
            todo += ast.iter_child_nodes(each)
    return False
