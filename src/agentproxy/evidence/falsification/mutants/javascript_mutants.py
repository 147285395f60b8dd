"""Mutants of JavaScript and TypeScript source. Pure."""

from collections.abc import Callable, Iterator, Mapping, Sequence

from tree_sitter import Node

from agentproxy.events.mutants import MutantKind
from agentproxy.evidence.falsification.mutants.mutants import Edit
from agentproxy.evidence.falsification.stubs.javascript_functions import Dialect, parse_javascript
from agentproxy.evidence.falsification.stubs.stubs import CannotParse

_OPERATORS: Mapping[str, tuple[MutantKind, str]] = {
    "===": ("comparison", "!=="),
    "!==": ("comparison", "==="),
    "==": ("comparison", "!="),
    "!=": ("comparison", "=="),
    "<": ("comparison", ">="),
    ">=": ("comparison", "<"),
    ">": ("comparison", "<="),
    "<=": ("comparison", ">"),
    "&&": ("boolean", "||"),
    "||": ("boolean", "&&"),
    "+": ("arithmetic", "-"),
    "-": ("arithmetic", "+"),
    "*": ("arithmetic", "+"),
    "/": ("arithmetic", "*"),
    "%": ("arithmetic", "+"),
    "**": ("arithmetic", "*"),
}
# Types, imports and names are no behaviour; a template has text between its expressions.
_SKIPPED = {
    "import_statement",
    "type_annotation",
    "type_alias_declaration",
    "interface_declaration",
    "enum_declaration",
    "throw_statement",
    "decorator",
    "comment",
}
_TEXTS = {"string", "template_string"}
_SAYS = ("console.", "logger.", "log.", "debug(")
_LONGEST_SHOWN = 30


def find_javascript_edits(source: bytes, dialect: Dialect) -> Sequence[Edit]:
    """All mutants of a file.

    Raises:
        CannotParse: the source has a syntax error.
    """
    root = parse_javascript(source, dialect)
    if root.has_error:
        raise CannotParse("syntax error")
    nothing = b"undefined" if dialect == "javascript" else b"(undefined as any)"
    return [edit for node in _walk(root) for edit in _edits(node, nothing)]


def _walk(root: Node) -> Iterator[Node]:
    # A list and no recursion: the source may be nested as deeply as its author likes.
    todo = [root]
    while todo:
        node = todo.pop()
        yield node
        if node.type not in _SKIPPED and not _only_says(node):
            todo += reversed(node.named_children)


def _only_says(node: Node) -> bool:
    return node.type == "expression_statement" and _text(node).startswith(_SAYS)


def _edits(node: Node, nothing: bytes) -> Iterator[Edit]:
    make = _MAKERS.get(node.type)
    if make is not None:
        yield from make(node, nothing)


def _binary(node: Node, _: bytes) -> Iterator[Edit]:
    operator = node.child_by_field_name("operator")
    sides = [node.child_by_field_name(side) for side in ("left", "right")]
    old = _text(operator)
    if operator is None or old not in _OPERATORS:
        return
    kind, new = _OPERATORS[old]
    if kind == "arithmetic" and any(side is not None and side.type in _TEXTS for side in sides):
        return
    yield _edit(kind, operator, new.encode(), text=f"`{old}` became `{new}`")


def _negation(node: Node, _: bytes) -> Iterator[Edit]:
    argument = node.child_by_field_name("argument")
    if argument is not None and _text(node.child_by_field_name("operator")) == "!":
        yield _edit("boolean", node, b"(%s)" % (argument.text or b""), text="`!` is left out")


def _boolean(node: Node, _: bytes) -> Iterator[Edit]:
    new = "false" if node.type == "true" else "true"
    yield _edit("boolean", node, new.encode(), text=f"`{node.type}` became `{new}`")


def _number(node: Node, _: bytes) -> Iterator[Edit]:
    parent = node.parent
    # A key of an object is no expression.
    if parent is not None and parent.type == "pair" and node == parent.child_by_field_name("key"):
        return
    one = "1n" if _text(node).endswith("n") else "1"
    shown = _shown(node)
    new = f"({_text(node)} + {one})".encode()
    yield _edit("constant", node, new, text=f"`{shown}` became `{shown} + {one}`")


def _string(node: Node, _: bytes) -> Iterator[Edit]:
    parent = node.parent
    if parent is None or not _is_value(node, parent):
        return
    new = "''" if len(node.text or b"") > len("''") else "'mutant'"
    yield _edit("text", node, new.encode(), text=f"`{_shown(node)}` became `{new}`")


def _is_value(node: Node, parent: Node) -> bool:
    """Not a directive, a key, a type, or the name of a module."""
    if parent.type in ("expression_statement", "literal_type", "export_statement"):
        return False
    if parent.type in ("jsx_attribute", "property_signature", "enum_assignment"):
        return False
    if parent.type == "pair":
        return node != parent.child_by_field_name("key")
    holder = parent.parent if parent.type == "arguments" else None
    called = _text(holder.child_by_field_name("function")) if holder is not None else ""
    return called not in ("require", "import")


def _condition(node: Node, _: bytes) -> Iterator[Edit]:
    test = node.child_by_field_name("condition")
    if test is None:
        return
    inner = test.named_children[0] if test.type == "parenthesized_expression" else test
    if _is_negatable(inner):
        return
    yield _edit("condition", test, b"(!(%s))" % (test.text or b""), text="the condition is negated")


def _is_negatable(node: Node) -> bool:
    """Whether another mutant negates it."""
    operator = _text(node.child_by_field_name("operator"))
    return operator == "!" or _OPERATORS.get(operator, ("", ""))[0] == "comparison"


def _returned(node: Node, nothing: bytes) -> Iterator[Edit]:
    value = node.named_children[0] if node.named_children else None
    if value is not None and _text(value) not in ("undefined", "null"):
        yield _edit("return_value", value, nothing, text="nothing is returned")


def _statement(node: Node, _: bytes) -> Iterator[Edit]:
    inner = node.named_children[0] if node.named_children else node
    kinds = ("call_expression", "await_expression", "augmented_assignment_expression")
    called_parent = _text(inner).startswith("super(")
    if _only_says(node):
        return
    if node.type == "throw_statement" or (inner.type in kinds and not called_parent):
        yield _edit("dropped_statement", node, b"{}", text=f"`{_shown(node)}` is left out")


_MAKERS: Mapping[str, Callable[[Node, bytes], Iterator[Edit]]] = {
    "binary_expression": _binary,
    "unary_expression": _negation,
    "true": _boolean,
    "false": _boolean,
    "number": _number,
    "string": _string,
    "if_statement": _condition,
    "ternary_expression": _condition,
    "return_statement": _returned,
    "expression_statement": _statement,
    "throw_statement": _statement,
}


def _edit(kind: MutantKind, node: Node, new: bytes, *, text: str) -> Edit:
    return Edit(
        kind=kind,
        line=node.start_point[0] + 1,
        start=node.start_byte,
        end=node.end_byte,
        new=new,
        text=text,
    )


def _shown(node: Node) -> str:
    text = " ".join(_text(node).split())
    return text if len(text) <= _LONGEST_SHOWN else f"{text[: _LONGEST_SHOWN - 1]}…"


def _text(node: Node | None) -> str:
    return (node.text or b"").decode(errors="replace") if node is not None else ""
