"""The functions of Python source, for stubs."""

import ast
import re
from collections.abc import Iterator, Sequence

from agentproxy.evidence.falsification.stubs.stubs import (
    CannotParse,
    Function,
    NewBody,
    number_names,
)

FunctionNode = ast.FunctionDef | ast.AsyncFunctionDef
_RAISE = b'(_ for _ in ()).throw(NotImplementedError("stub"))'


def find_python_functions(source: bytes) -> Sequence[Function]:
    """The functions, methods and constants of a module, and lambdas that a name is given to. A
    function inside of another one belongs to the outer one.

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


def _functions_in(
    body: Sequence[ast.stmt], prefix: str
) -> Iterator[tuple[str, FunctionNode | ast.expr]]:
    for statement in body:
        if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef):
            yield f"{prefix}{statement.name}", statement
        elif isinstance(statement, ast.ClassDef):
            yield from _functions_in(statement.body, f"{prefix}{statement.name}.")
        elif isinstance(statement, ast.Assign | ast.AnnAssign):
            yield from _values_of(statement, prefix)
        else:
            for block in ("body", "orelse", "finalbody"):
                yield from _functions_in(getattr(statement, block, ()), prefix)
            for inner in (*getattr(statement, "handlers", ()), *getattr(statement, "cases", ())):
                yield from _functions_in(inner.body, prefix)


def _values_of(
    statement: ast.Assign | ast.AnnAssign, prefix: str
) -> Iterator[tuple[str, ast.expr]]:
    """The lambdas of an assignment to one name, or all of its value."""
    targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
    match targets, statement.value:
        case [ast.Name(id="__all__")], _:
            return  # as an import: without it nobody may find what is new
        case [ast.Name(id=name)], ast.Lambda() as value:
            yield f"{prefix}{name}", value
        case [ast.Name(id=name)], ast.Dict(keys=keys, values=values) as value:
            lambdas = [
                (key, each)
                for key, each in zip(keys, values, strict=True)
                if isinstance(each, ast.Lambda) and isinstance(key, ast.Constant)
            ]
            for key, each in lambdas:
                yield f"{prefix}{name}.{key.value}", each
            if not lambdas:
                yield f"{prefix}{name} =", value
        case [ast.Name(id=name)], ast.expr() as value:
            yield f"{prefix}{name} =", value
        case _:
            return


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


def _function(name: str, node: FunctionNode | ast.expr, lines: Lines) -> Function:
    if isinstance(node, ast.Lambda):
        body = _expression(name, node.body, lines)
        stub: dict[NewBody, bytes] = {"nothing": b"None", "raises": _RAISE}
        parameters = tuple(_parameters(node.args))
        return body._replace(form="Lambda", parameters=parameters, stub=stub, needs=frozenset())
    if isinstance(node, ast.expr):
        return _expression(name, node, lines)
    return _definition(name, node, lines)


def _expression(name: str, node: ast.expr, lines: Lines) -> Function:
    start = lines.offset(node.lineno, node.col_offset)
    end = lines.offset(node.end_lineno or node.lineno, node.end_col_offset or 0)
    return Function(
        name=name,
        form="",
        parameters=(),
        code=ast.dump(node),
        start=start,
        end=end,
        body=b"(%s)" % lines.source[start:end],
        stub={},
        needs=frozenset(each.id for each in ast.walk(node) if isinstance(each, ast.Name)),
        says=frozenset(_texts(node)),
    )


def _texts(node: ast.expr) -> Iterator[str]:
    for each in ast.walk(node):
        if isinstance(each, ast.Constant) and isinstance(each.value, str):
            yield each.value


def _definition(name: str, node: FunctionNode, lines: Lines) -> Function:
    last = node.body[-1]
    end = lines.offset(last.end_lineno or last.lineno, last.end_col_offset or 0)
    line, column = _start_of(node.body[0])
    indentation = lines.indentation(line, column)
    start = lines.offset(line, column)
    # A docstring stays: that a stub has none would look like a result.
    if indentation is not None and (code := _without_docstring(node.body)) != node.body:
        start = lines.offset(*_start_of(code[0])) if code else end
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
        form=type(node).__name__,
        parameters=tuple(_parameters(node.args)),
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


def _parameters(given: ast.arguments) -> Iterator[str]:
    """Kind, name and default of each. Annotations say nothing of how it is called."""
    positional = [*given.posonlyargs, *given.args]
    without_default = len(positional) - len(given.defaults)
    defaults = [*[None] * without_default, *given.defaults]
    for place, (each, default) in enumerate(zip(positional, defaults, strict=True)):
        yield _parameter("/" if place < len(given.posonlyargs) else "", each, default)
    yield from (_parameter("*args", each, None) for each in (given.vararg,) if each)
    for each, default in zip(given.kwonlyargs, given.kw_defaults, strict=True):
        yield _parameter("*", each, default)
    yield from (_parameter("**kwargs", each, None) for each in (given.kwarg,) if each)


def _parameter(kind: str, parameter: ast.arg, default: ast.expr | None) -> str:
    return f"{kind} {parameter.arg}={ast.dump(default) if default else ''}"


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
