"""What is seen in JavaScript and TypeScript source: names, and promises in tests that nobody
awaits. Pure.
"""

import re
from collections.abc import Collection, Iterator

from tree_sitter import Node

from agentproxy.evidence.doubts.names import FileNames
from agentproxy.evidence.falsification.stubs.javascript_functions import Dialect, parse_javascript
from agentproxy.evidence.falsification.stubs.stubs import CannotParse

_WORD = re.compile(r"[A-Za-z_$][\w$]*")
_FUNCTIONS = {"arrow_function", "function_expression", "generator_function"}
_DECLARED = {
    "function_declaration",
    "generator_function_declaration",
    "class_declaration",
    "abstract_class_declaration",
}
_NAMES = {
    "identifier",
    "property_identifier",
    "shorthand_property_identifier",
    "type_identifier",
    "jsx_identifier",
}
_TEXTS = {"string_fragment", "jsx_text"}
_TEST_CALL = re.compile(r"(?:test|it|specify)(?:\.only|\.concurrent)?")
_DONE = re.compile(r"done|cb|callback|end|next|resolve")
_COUNTED = re.compile(rb"expect\.(?:assertions|hasAssertions)\(|\bplan\(")
# An assertion that is a promise. Nothing else of a test waits for it.
_PROMISED = re.compile(
    r"expect\s*\([\s\S]*\)\s*\.\s*(?:resolves|rejects|to\.eventually)\b"
    r"|(?:assert\.|t\.assert\.|t\.)(?:strict\.)?(?:rejects|doesNotReject|throwsAsync)\s*\("
)
_ASSERTS = re.compile(r"\b(?:expect|assert|should)\b|\bt\.(?:is|deepEqual|true|equal|ok)\b")


def find_javascript_names(source: bytes, dialect: Dialect) -> FileNames:
    """The names of a module.

    Raises:
        CannotParse: the source has a syntax error.
    """
    defined: dict[str, frozenset[str]] = {}
    registered: set[str] = set()
    used: set[str] = set()
    for statement in parse_whole(source, dialect).named_children:
        inner, default = unexported(statement)
        names = dict(find_definitions(inner))
        if default:
            registered.update(names)
        for name, node in names.items():
            defined[name] = defined.get(name, frozenset()) | _uses(node)
        if not names and not _only_moves_names(inner):
            used |= _uses(inner)
    aliases = _aliases(source)
    return FileNames(
        {name: _resolved(uses, aliases) for name, uses in defined.items()},
        frozenset(registered),
        _resolved(frozenset(used), aliases),
    )


def parse_whole(source: bytes, dialect: Dialect) -> Node:
    """The root of the tree.

    Raises:
        CannotParse: the source has a syntax error.
    """
    root = parse_javascript(source, dialect)
    if root.has_error:
        raise CannotParse("syntax error")
    return root


def unexported(statement: Node) -> tuple[Node, bool]:
    if statement.type != "export_statement":
        return statement, False
    default = any(child.type == "default" for child in statement.children)
    inner = statement.child_by_field_name("declaration") or statement.child_by_field_name("value")
    return inner or statement, default


def find_definitions(node: Node) -> Iterator[tuple[str, Node]]:
    if node.type in _DECLARED:
        yield text_of(node.child_by_field_name("name")), node
    if node.type in ("lexical_declaration", "variable_declaration"):
        for each in node.named_children:
            value = each.child_by_field_name("value")
            if value is not None and value.type in _FUNCTIONS:
                yield text_of(each.child_by_field_name("name")), value
    if node.type == "expression_statement" and node.named_children:
        # exports.name = () => ...
        each = node.named_children[0]
        left, right = (each.child_by_field_name(side) for side in ("left", "right"))
        target = re.fullmatch(r"(?:module\.)?exports\.(\w+)", text_of(left))
        if target and right is not None and right.type in _FUNCTIONS:
            yield target[1], right


def _only_moves_names(node: Node) -> bool:
    """Whether a statement imports or exports names one by one, so that it uses none of them."""
    if node.type in ("import_statement", "export_statement"):
        return True
    text = text_of(node)
    if re.fullmatch(r"(?:module\.)?exports(?:\.\w+)?\s*=\s*(?:\{[\w\s,:]*\}|\w+);?", text):
        # `module.exports = name` hands out the module itself, under any name.
        return not re.fullmatch(r"module\.exports\s*=\s*\w+;?", text)
    return re.match(r"(?:const|let|var)\s*\{[^}]*\}\s*=\s*require\(", text) is not None


def _uses(root: Node) -> frozenset[str]:
    own = root.child_by_field_name("name") if root.type in _DECLARED else None
    used: set[str] = set()
    todo = [root]
    while todo:
        node = todo.pop()
        if node.type in _NAMES and (own is None or node.start_byte != own.start_byte):
            used.add(text_of(node))
        elif node.type in _TEXTS:
            used.update(_WORD.findall(text_of(node)))
        todo += node.named_children
    return frozenset(used)


def _aliases(source: bytes) -> dict[str, str]:
    """Local name -> the name that it was imported under; only where they differ."""
    text = source.decode(errors="replace")
    return {
        local: name
        for braces in re.findall(r"\{([\w\s,:$]{1,2000})\}\s*(?:=\s*require\(|from\b)", text)
        for name, local in re.findall(r"([\w$]+)\s*(?:\bas\b|:)\s*([\w$]+)", braces)
    }


def _resolved(used: frozenset[str], aliases: dict[str, str]) -> frozenset[str]:
    return used | {aliases[name] for name in used if name in aliases}


def find_async_javascript(source: bytes, dialect: Dialect) -> frozenset[str]:
    """The names of the async functions at the top of a module.

    Raises:
        CannotParse: the source has a syntax error.
    """
    return frozenset(
        name
        for statement in parse_whole(source, dialect).named_children
        for name, node in find_definitions(unexported(statement)[0])
        if node.type != "class_declaration" and node.children and node.children[0].type == "async"
        if "generator" not in node.type
    )


def find_unawaited_javascript(
    before: bytes, after: bytes, dialect: Dialect, *, coroutines: Collection[str]
) -> Iterator[tuple[str, str]]:
    """The new or changed tests of a file that await too little: the name of the test, and what it
    does not await.

    Raises:
        CannotParse: `after` has a syntax error.
    """
    old = {body.text for _, body in _tests_in(parse_javascript(before, dialect))}
    for name, body in _tests_in(parse_whole(after, dialect)):
        if body.text in old or _counts_its_assertions(body):
            continue
        for statement in _statements_of(body):
            call = statement.named_children[0] if statement.named_children else None
            if call is not None and call.type == "call_expression":
                lost = _lost_by(call, coroutines)
                if lost:
                    yield name, lost


def _tests_in(root: Node) -> Iterator[tuple[str, Node]]:
    todo = [root]
    while todo:
        node = todo.pop()
        todo += reversed(node.named_children)
        if node.type != "call_expression":
            continue
        if not _TEST_CALL.fullmatch(text_of(node.child_by_field_name("function"))):
            continue
        given = node.child_by_field_name("arguments")
        bodies = [each for each in (given.named_children if given else ()) if _is_body(each)]
        if given is not None and bodies and given.named_children[0].type != bodies[0].type:
            yield text_of(given.named_children[0])[1:-1], bodies[0]


def _is_body(node: Node) -> bool:
    return node.type in _FUNCTIONS


def _counts_its_assertions(body: Node) -> bool:
    """Whether a test ends only when it says so, or fails where an assertion did not run."""
    given = body.child_by_field_name("parameters") or body.child_by_field_name("parameter")
    names = _WORD.findall(text_of(given))
    return (
        len(names) > 1
        or any(_DONE.fullmatch(name) for name in names)
        or _COUNTED.search(body.text or b"") is not None
    )


def _statements_of(body: Node) -> Iterator[Node]:
    """The statements of a test that are expressions, without those of functions inside of it."""
    block = body.child_by_field_name("body")
    todo = [block] if block is not None and block.type == "statement_block" else []
    while todo:
        node = todo.pop()
        if node.type == "expression_statement":
            yield node
        elif node.type not in _FUNCTIONS and node.type not in _DECLARED:
            todo += reversed(node.named_children)


def _lost_by(call: Node, coroutines: Collection[str]) -> str:
    called = call.child_by_field_name("function")
    text = text_of(call)
    if called is None or text.startswith("cy."):
        return ""  # Cypress runs its chains in order, and waits for them
    if called.type == "identifier":
        return text_of(called) if text_of(called) in coroutines else ""
    if _PROMISED.match(text):
        return " ".join(text.split())[:60]
    method = text_of(called.child_by_field_name("property"))
    inner = called.child_by_field_name("object")
    chain = method in ("then", "finally") and inner is not None and inner.type == "call_expression"
    return " ".join(text_of(inner).split())[:60] if chain and _ASSERTS.search(text) else ""


def text_of(node: Node | None) -> str:
    return (node.text or b"").decode(errors="replace") if node is not None else ""
