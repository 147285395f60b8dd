"""The functions of JavaScript source that have parameters, and whether they look at them. Pure."""

from collections.abc import Iterator

from tree_sitter import Node

from agentproxy.evidence.doubts.javascript_source import (
    find_definitions,
    parse_whole,
    text_of,
    unexported,
)
from agentproxy.evidence.doubts.unused_input import GivenFunction, uses_one_of
from agentproxy.evidence.falsification.stubs.javascript_functions import Dialect

_BOUND = {"identifier", "shorthand_property_identifier_pattern"}
_READ = {"identifier", "shorthand_property_identifier"}


def find_javascript_given(source: bytes, dialect: Dialect) -> list[GivenFunction]:
    """The functions at the top of a module, and the methods of its classes that extend nothing.

    Raises:
        CannotParse: the source has a syntax error.
    """
    found: list[GivenFunction] = []
    for statement in parse_whole(source, dialect).named_children:
        for name, node in _functions_of(unexported(statement)[0]):
            body = node.child_by_field_name("body")
            listed = node.child_by_field_name("parameters") or node.child_by_field_name("parameter")
            parameters = tuple(_names(listed)) if listed is not None else ()
            if body is None or not parameters or _is_meant_to_fail(body):
                continue
            read = {text_of(each) for each in _below(body) if each.type in _READ}
            line = node.start_point[0] + 1
            found.append(GivenFunction(name, line, parameters, uses_one_of(parameters, read)))
    return found


def _functions_of(statement: Node) -> Iterator[tuple[str, Node]]:
    for name, node in find_definitions(statement):
        if "class" not in node.type:
            yield name, node
            continue
        body = node.child_by_field_name("body")
        extends = any(child.type == "class_heritage" for child in node.children)
        for each in body.named_children if body is not None and not extends else ():
            own = text_of(each.child_by_field_name("name"))
            if each.type == "method_definition" and own != "constructor":
                yield f"{name}.{own}", each


def _names(listed: Node) -> Iterator[str]:
    """The names that parameters bind, without those of their defaults and types."""
    todo = [listed]
    while todo:
        node = todo.pop()
        if node.type in _BOUND:
            yield text_of(node)
        elif node.type in ("assignment_pattern", "object_assignment_pattern"):
            todo += node.named_children[:1]
        elif node.type in ("required_parameter", "optional_parameter"):
            todo += [each for each in (node.child_by_field_name("pattern"),) if each is not None]
        elif node.type == "pair_pattern":
            todo += [each for each in (node.child_by_field_name("value"),) if each is not None]
        else:
            todo += node.named_children


def _below(root: Node) -> Iterator[Node]:
    todo = [root]
    while todo:
        node = todo.pop()
        yield node
        todo += node.named_children


def _is_meant_to_fail(body: Node) -> bool:
    statements = [each for each in body.named_children if each.type != "comment"]
    return len(statements) == 1 and statements[0].type == "throw_statement"
