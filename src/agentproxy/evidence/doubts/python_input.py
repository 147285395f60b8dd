"""The functions of Python source that have parameters, and whether they look at them. Pure."""

import ast
from collections.abc import Iterator, Sequence

from agentproxy.evidence.doubts.python_source import Function, has_plain_bases, parse_python
from agentproxy.evidence.doubts.unused_input import GivenFunction, uses_one_of


def find_python_given(source: bytes) -> list[GivenFunction]:
    """The undecorated functions at the top of a module and of its plain classes.

    Raises:
        CannotParse: the source cannot be parsed.
    """
    return [
        GivenFunction(name, node.lineno, parameters, uses_one_of(parameters, _mentioned(node)))
        for name, node, parameters in _functions_of(parse_python(source))
        if parameters and not node.decorator_list and not _is_meant_to_fail(node)
    ]


def _functions_of(module: ast.Module) -> Iterator[tuple[str, Function, tuple[str, ...]]]:
    for statement in module.body:
        if isinstance(statement, Function):
            yield statement.name, statement, _parameters(statement)
        elif isinstance(statement, ast.ClassDef) and has_plain_bases(statement):
            for each in statement.body:
                # What Python calls itself has the parameters that Python gives.
                if isinstance(each, Function) and not each.name.startswith("__"):
                    yield f"{statement.name}.{each.name}", each, _parameters(each)[1:]


def _parameters(node: Function) -> tuple[str, ...]:
    given = node.args
    rest = [each for each in (given.vararg, given.kwarg) if each]
    return tuple(each.arg for each in (*given.posonlyargs, *given.args, *given.kwonlyargs, *rest))


def _mentioned(node: Function) -> set[str]:
    return {
        each.id
        for statement in node.body
        for each in ast.walk(statement)
        if isinstance(each, ast.Name) and not isinstance(each.ctx, ast.Store)
    }


def _is_meant_to_fail(node: Function) -> bool:
    """Whether raising is all that it does: an abstract method, or something that is refused."""
    body: Sequence[ast.stmt] = node.body
    if isinstance(body[0], ast.Expr) and isinstance(body[0].value, ast.Constant):
        body = body[1:]
    return len(body) == 1 and isinstance(body[0], ast.Raise)
