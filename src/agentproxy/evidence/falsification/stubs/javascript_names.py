"""Gives JavaScript and TypeScript source the names back that older function bodies need. Pure."""

from collections.abc import Iterator, Sequence

from tree_sitter import Node

from agentproxy.evidence.falsification.stubs.javascript_functions import Dialect, parse_javascript
from agentproxy.evidence.falsification.stubs.stubs import CannotParse

MAX_ADDED = 1000  # statements of the base

_DEFINES = {
    "class_declaration",
    "function_declaration",
    "generator_function_declaration",
    "import_statement",
    "lexical_declaration",
    "variable_declaration",
}
_NAMES = {"identifier", "shorthand_property_identifier", "shorthand_property_identifier_pattern"}


def restore_javascript_names(before: bytes, stubbed: bytes, dialect: Dialect) -> bytes:
    """The source, and behind it what the base defined at its top, the source needs and lacks.

    A base that cannot be parsed gives nothing.

    Raises:
        CannotParse: the source cannot be parsed.
    """
    base, root = parse_javascript(before, dialect), parse_javascript(stubbed, dialect)
    if root.has_error:
        raise CannotParse("syntax error")
    if base.has_error:
        return stubbed
    statements = [_inner(each) for each in base.named_children]
    known = {name for each in root.named_children for name in _bound(_inner(each))}
    needed = set(_names_in(root))
    added: list[Node] = []
    while len(added) < MAX_ADDED:
        missing = next((each for each in statements if _is_missing(each, known, needed)), None)
        if missing is None:
            break
        added.append(missing)
        known |= set(_bound(missing))
        needed |= set(_names_in(missing))
    added.sort(key=lambda each: each.start_byte)
    return b"\n".join([stubbed, *(each.text or b"" for each in added)])


def _is_missing(statement: Node, known: set[str], needed: set[str]) -> bool:
    """Whether it gives a needed name, and none a second time."""
    names = set(_bound(statement))
    return bool(names & needed) and not names & known


def _inner(statement: Node) -> Node:
    """What an export declares; else the statement."""
    return statement.child_by_field_name("declaration") or statement


def _bound(statement: Node) -> Sequence[str]:
    if statement.type not in _DEFINES:
        return ()
    if statement.type == "import_statement":
        clauses = [each for each in statement.named_children if each.type == "import_clause"]
        return [name for clause in clauses for name in _imported(clause)]
    if statement.type.endswith("_declaration") and (name := statement.child_by_field_name("name")):
        return [_text(name)]
    patterns = [each.child_by_field_name("name") for each in statement.named_children]
    return [name for pattern in patterns if pattern for name in _names_in(pattern)]


def _imported(clause: Node) -> Iterator[str]:
    todo = [clause]
    while todo:
        node = todo.pop()
        if node.type == "import_specifier":
            name = node.child_by_field_name("alias") or node.child_by_field_name("name")
            yield _text(name) if name else ""
        elif node.type == "identifier":
            yield _text(node)
        else:
            todo += node.named_children


def _names_in(root: Node) -> Iterator[str]:
    todo = [root]
    while todo:
        node = todo.pop()
        if node.type in _NAMES:
            yield _text(node)
        todo += node.named_children


def _text(node: Node) -> str:
    return (node.text or b"").decode(errors="replace")
