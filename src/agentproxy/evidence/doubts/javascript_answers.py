"""Tables of literals in JavaScript and TypeScript, and the literals of assertions. Pure."""

from collections.abc import Collection, Iterator

from tree_sitter import Node

from agentproxy.evidence.doubts.answers import AnswerTable, Literal, Pair, Unit
from agentproxy.evidence.doubts.javascript_source import parse_whole
from agentproxy.evidence.falsification.stubs.javascript_functions import Dialect

MAX_ELEMENTS = 20  # of an answer that is an array

_FUNCTIONS = {
    "function_declaration",
    "function_expression",
    "arrow_function",
    "method_definition",
    "generator_function_declaration",
}
_EQUAL = ("===", "==")


def find_javascript_tables(source: bytes, dialect: Dialect) -> list[AnswerTable]:
    """The objects and maps of literals, and what each function answers to a literal.

    Raises:
        CannotParse: the source has a syntax error.
    """
    found: list[AnswerTable] = []
    for node in _walk(parse_whole(source, dialect)):
        pairs: list[Pair] = []
        if node.type == "object":
            pairs = _all_pairs(node, "pair", ("key", "value"))
        elif node.type == "array":
            pairs = _rows(node)
        elif node.type in _FUNCTIONS:
            pairs = list(_answers_in(node))
        if pairs:
            found.append(AnswerTable(node.start_point[0] + 1, pairs))
    return found


def find_javascript_units(source: bytes, dialect: Dialect) -> list[Unit]:
    """The literals of each statement without a function in it, and of each array.

    Raises:
        CannotParse: the source has a syntax error.
    """
    units: list[Unit] = []
    for node in _walk(parse_whole(source, dialect)):
        if node.type == "array":
            units.append(frozenset(filter(None, map(_literal, node.named_children))))
        elif node.type == "expression_statement" and not _holds_function(node):
            units.append(frozenset(filter(None, map(_literal, _walk(node)))))
    return [unit for unit in units if len(unit) > 1]


def _holds_function(node: Node) -> bool:
    return any(each.type in _FUNCTIONS for each in _walk(node))


def _all_pairs(node: Node, kind: str, fields: tuple[str, str]) -> list[Pair]:
    found: list[Pair] = []
    for each in node.named_children:
        key, value = (_literal(each.child_by_field_name(name)) for name in fields)
        if each.type != kind or key is None or value is None:
            return []
        found.append((key, value))
    return found


def _rows(node: Node) -> list[Pair]:
    """The pairs of `[[key, value], ...]`, as a Map is made of them."""
    found: list[Pair] = []
    for each in node.named_children:
        texts = [_literal(part) for part in each.named_children] if each.type == "array" else []
        if len(texts) != len(("key", "value")) or texts[0] is None or texts[1] is None:
            return []
        found.append((texts[0], texts[1]))
    return found


def _answers_in(function: Node) -> Iterator[Pair]:
    for node in _walk(function, but=_FUNCTIONS):
        if node.type in ("if_statement", "ternary_expression"):
            key = _compared(node.child_by_field_name("condition"))
            value = _answer(node.child_by_field_name("consequence"))
        elif node.type == "switch_case":
            key = _literal(node.child_by_field_name("value"))
            value = next(filter(None, map(_returned, node.named_children)), None)
        else:
            continue
        if key is not None and value is not None:
            yield key, value


def _compared(condition: Node | None) -> Literal | None:
    while condition is not None and condition.type == "parenthesized_expression":
        condition = condition.named_children[0] if condition.named_children else None
    if condition is None or condition.type != "binary_expression":
        return None
    if not any(child.type in _EQUAL for child in condition.children):
        return None
    sides = (condition.child_by_field_name(name) for name in ("left", "right"))
    return next((found for side in sides if (found := _literal(side)) is not None), None)


def _answer(node: Node | None) -> Literal | None:
    if node is None:
        return None
    if node.type == "statement_block":
        node = node.named_children[0] if node.named_children else None
    return _returned(node) or _literal(node)


def _returned(node: Node | None) -> Literal | None:
    if node is None or node.type != "return_statement" or not node.named_children:
        return None
    return _literal(node.named_children[0])


def _walk(root: Node, but: Collection[str] = ()) -> Iterator[Node]:
    """The nodes of a tree, without those below a node of the types `but`, the root aside."""
    todo = [root]
    while todo:
        node = todo.pop()
        yield node
        todo += [each for each in reversed(node.named_children) if each.type not in but]


def _literal(node: Node | None) -> Literal | None:
    if node is None or node.text is None:
        return None
    text = node.text.decode(errors="replace")
    if node.type in ("number", "property_identifier"):
        return text
    if node.type == "string":
        return text[1:-1]
    if node.type == "array" and 0 < node.named_child_count <= MAX_ELEMENTS:
        parts = [_literal(each) for each in node.named_children]
        return None if None in parts else f"[{', '.join(filter(None, parts))}]"
    if node.type == "unary_expression" and text.startswith("-") and text[1:].isdigit():
        return text
    return None
