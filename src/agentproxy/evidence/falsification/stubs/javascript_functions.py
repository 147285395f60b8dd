"""The functions of JavaScript and TypeScript source, for stubs."""

import re
from collections.abc import Iterator, Sequence
from functools import cache
from typing import Literal

from tree_sitter import Language, Node, Parser

from agentproxy.evidence.falsification.stubs.stubs import (
    CannotParse,
    Function,
    NewBody,
    number_names,
)

Dialect = Literal["javascript", "typescript", "tsx"]

_FUNCTIONS = {
    "function_declaration",
    "generator_function_declaration",
    "method_definition",
    "arrow_function",
    "function_expression",
    "generator_function",
}
_NAMES = {"identifier", "shorthand_property_identifier"}
_DEEPEST_CALL = 3
_WRAPPER = re.compile(r"(?:(?:React|lodash|util|_|R)\.)?(?!set[TI])\w+")
_CLASSES = {"class_declaration", "class", "abstract_class_declaration"}
_KEEPS = {"variable_declarator", "return_statement", "assignment_expression",
          "parenthesized_expression"}  # fmt: skip
_NAMED_BY = {"variable_declarator": "name", "pair": "key", "field_definition": "property",
             "public_field_definition": "name", "assignment_expression": "left"}  # fmt: skip


def find_javascript_functions(source: bytes, dialect: Dialect) -> Sequence[Function]:
    """The functions, methods, and functions that a name is given to, also by way of a call, and the
    constants of the file. A function inside of another one belongs to the outer one.

    Raises:
        CannotParse: the source has a syntax error.
    """
    root = parse_javascript(source, dialect)
    if root.has_error:
        raise CannotParse("syntax error")
    found = list(_functions_in(root))
    names = number_names(name for name, _ in found)
    return [
        _function(name, node, source, typed=dialect != "javascript")
        for name, (_, node) in zip(names, found, strict=True)
        if node.type not in _FUNCTIONS or node.child_by_field_name("body") is not None
    ]


def parse_javascript(source: bytes, dialect: Dialect) -> Node:
    """The root of the tree, with nodes of errors where the source has a syntax error."""
    return _parser(dialect).parse(source).root_node


@cache
def _parser(dialect: Dialect) -> Parser:
    if dialect == "javascript":
        import tree_sitter_javascript

        return Parser(Language(tree_sitter_javascript.language()))
    import tree_sitter_typescript

    if dialect == "tsx":
        return Parser(Language(tree_sitter_typescript.language_tsx()))
    return Parser(Language(tree_sitter_typescript.language_typescript()))


def _functions_in(root: Node) -> Iterator[tuple[str, Node]]:
    # A list and no recursion: the source may be nested as deeply as its author likes.
    todo: list[tuple[Node, str]] = [(root, "")]
    while todo:
        node, prefix = todo.pop()
        if node.type in _FUNCTIONS:
            name = _name_of(node)
            if name:
                yield f"{prefix}{name}", node
            continue
        if node.type == "variable_declarator" and (value := _constant(node)) is not None:
            yield f"{_text(node.child_by_field_name('name'))} =", value
            continue
        if node.type in _CLASSES:
            prefix = f"{prefix}{_text(node.child_by_field_name('name'))}."
        todo += [(child, prefix) for child in reversed(node.named_children)]


def _name_of(node: Node) -> str:
    """Its own name, or the one that it is assigned to; "" for a function that is an argument."""
    own = node.child_by_field_name("name")
    if own is not None:
        return _text(own)
    parent = node.parent
    for _ in range(_DEEPEST_CALL):
        if parent is None or parent.type != "arguments" or not _wraps(parent.parent):
            break
        parent = parent.parent.parent if parent.parent is not None else None
    if parent is None or parent.type not in _NAMED_BY:
        return ""
    return _text(parent.child_by_field_name(_NAMED_BY[parent.type]))


def _wraps(call: Node | None) -> bool:
    """Whether a call gives a function back, as `memo(() => …)`; a method like `map` calls it."""
    called = call.child_by_field_name("function") if call is not None else None
    return _WRAPPER.fullmatch(_text(called)) is not None


def _constant(node: Node) -> Node | None:
    """The value of a constant of the file; None where it holds functions or another module."""
    value, holder = node.child_by_field_name("value"), node.parent
    place = holder.parent if holder is not None else None
    if value is None or place is None or place.type not in ("program", "export_statement"):
        return None
    inside = {each.type for each in _below(value)}
    called = _text(value.child_by_field_name("function"))
    has_code = inside & (_FUNCTIONS | _CLASSES)
    return None if has_code or called in ("require", "import") else value


def _below(root: Node) -> Iterator[Node]:
    todo = [root]
    while todo:
        node = todo.pop()
        yield node
        todo += node.named_children


def _function(
    name: str, node: Node, source: bytes, *, typed: bool, inside: bool = False
) -> Function:
    if node.type not in _FUNCTIONS:
        return _value(name, node)
    body = node.child_by_field_name("body")
    assert body is not None
    nothing, raising = b"return undefined;", b'throw new Error("stub");'
    if typed:
        nothing = b"return undefined as any;"
    if _text(node.child_by_field_name("name")) == "constructor":
        # The constructor of a derived class has to call its parent's before anything else.
        parent = b"super(...arguments); " if _is_derived(node) else b""
        nothing, raising = parent, parent + raising
    stub: dict[NewBody, bytes] = {
        "nothing": b"{ " + nothing + b" }",
        "raises": b"{ " + raising + b" }",
    }
    listed = node.child_by_field_name("parameters") or node.child_by_field_name("parameter")
    handed_out = [] if inside else list(_handed_out(body))
    head = source[node.start_byte : (listed or body).start_byte]
    return Function(
        name=name,
        form=" ".join(head.decode(errors="replace").split()),
        parameters=_parameters(listed),
        code=_code(body),
        start=body.start_byte,
        end=body.end_byte,
        body=source[body.start_byte : body.end_byte],
        stub=stub,
        handed_out=tuple(
            _function(f"{name}.{inner}", each, source, typed=typed, inside=True)
            for inner, each in handed_out
        ),
    )


def _handed_out(body: Node) -> Iterator[tuple[str, Node]]:
    """The functions in a body that go out as parts of an object, which is no argument of a call."""
    given = {name for node in _below(body) for name in _names_given(node)}
    for name, node in _functions_in(body):
        holder = node.parent if node.parent and node.parent.type == "pair" else node
        if node.child_by_field_name("body") is None:
            continue
        if name in given or (holder.parent is not None and _goes_out(holder.parent)):
            yield name, node


def _names_given(node: Node) -> Iterator[str]:
    """The names whose values are parts of an object: `{ name }`, `{ a: name }`, `self.a = name`."""
    match node.type:
        case "object" if _goes_out(node):
            for part in node.named_children:
                yield _text(part.child_by_field_name("value") if part.type == "pair" else part)
        case "assignment_expression":
            left = node.child_by_field_name("left")
            if left is not None and left.type == "member_expression":
                yield _text(node.child_by_field_name("right"))
        case _:
            return


def _goes_out(node: Node) -> bool:
    """Whether it is an object that is kept or returned, or an assignment to a part of one."""
    if node.type == "assignment_expression":
        left = node.child_by_field_name("left")
        return left is not None and left.type == "member_expression"
    holder = node.parent.type if node.type == "object" and node.parent is not None else ""
    return holder in _KEEPS


def _value(name: str, node: Node) -> Function:
    return Function(
        name=name,
        form="",
        parameters=(),
        code=_code(node),
        start=node.start_byte,
        end=node.end_byte,
        body=node.text or b"",
        stub={},
        needs=frozenset(_text(each) for each in _below(node) if each.type in _NAMES),
        says=frozenset(_text(each) for each in _below(node) if each.type == "string_fragment"),
    )


def _parameters(listed: Node | None) -> tuple[str, ...]:
    if listed is None:
        return ()
    # One parameter of an arrow function may stand without brackets.
    each = listed.named_children if listed.type == "formal_parameters" else [listed]
    return tuple(_code(node) for node in each if node.type != "comment")


def _is_derived(node: Node) -> bool:
    holder = node.parent.parent if node.parent else None
    return holder is not None and any(child.type == "class_heritage" for child in holder.children)


def _code(body: Node) -> str:
    """The text without comments and without the white space between its parts."""
    words: list[str] = []
    todo = [body]
    while todo:
        node = todo.pop()
        if node.type == "comment":
            continue
        if node.child_count and node.type not in ("string", "template_string", "regex"):
            todo += reversed(node.children)
        else:
            words.append(_text(node))
    return " ".join(words)


def _text(node: Node | None) -> str:
    return (node.text or b"").decode(errors="replace") if node is not None else ""
