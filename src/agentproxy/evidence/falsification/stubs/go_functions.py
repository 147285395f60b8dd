"""The functions of Go source, for stubs.

Go does not compile what imports a package, or has a variable, that nothing uses. So the claim's
body stays in each stub, in a function that nobody calls.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from tree_sitter import Node

from agentproxy.evidence.falsification.stubs.go_tree import (
    NAMES,
    TEXTS,
    field_of,
    nodes_below,
    parse_go,
    spelled,
    text_of,
)
from agentproxy.evidence.falsification.stubs.go_values import SPECS, value_of, values_in
from agentproxy.evidence.falsification.stubs.stubs import (
    CannotParse,
    Function,
    NewBody,
    number_names,
)

_DECLARATIONS = {"function_declaration", "method_declaration"}
_PLAIN = re.compile(
    r"bool|string|error|byte|rune|any|u?int(?:8|16|32|64)?|uintptr|float(?:32|64)|complex(?:64|128)"
)
_RENAMED = re.compile(r"^[aA]gentproxyOld")
_TYPES = {"type_identifier", "package_identifier"}


def old_name(name: str) -> str:
    """What an old form of a function is called beside its new one."""
    # Other packages see what begins with a capital letter.
    return f"{'A' if name[:1].isupper() else 'a'}gentproxyOld{name}"


def find_go_functions(source: bytes) -> Sequence[Function]:
    """The functions and methods of a file, the functions in values of its variables that have a key
    or are all of the value, and its other variables and constants.

    Raises:
        CannotParse: the source has a syntax error.
    """
    root = parse_go(source)
    if root.has_error:
        raise CannotParse("syntax error")
    found = list(_functions_in(root))
    names = number_names(name for name, _ in found)
    return [
        value_of(name, node) if node.type in SPECS else _function(name, node, source)
        for name, (_, node) in zip(names, found, strict=True)
    ]


def _functions_in(root: Node) -> Iterator[tuple[str, Node]]:
    for declaration in root.named_children:
        if declaration.type in _DECLARATIONS:
            if declaration.child_by_field_name("body") is not None:
                yield name_of(declaration), declaration
        elif declaration.type in ("var_declaration", "const_declaration"):
            yield from values_in(declaration)


def name_of(declaration: Node) -> str:
    """The name of a function, also where it was given another one here; that of a method behind
    its type.
    """
    name = _RENAMED.sub("", text_of(declaration.child_by_field_name("name")))
    receiver = declaration.child_by_field_name("receiver")
    if receiver is None:
        return name
    types = (each for each in nodes_below(receiver) if each.type == "type_identifier")
    return f"{text_of(next(types, None))}.{name}"


@dataclass(frozen=True, slots=True)
class _Given:
    """What a function gives back; `name` is "" where it has none."""

    name: str
    kind: Node


def _function(name: str, node: Node, source: bytes) -> Function:
    parameters = field_of(node, "parameters")
    body, result = field_of(node, "body"), node.child_by_field_name("result")
    receiver, types = (node.child_by_field_name(key) for key in ("receiver", "type_parameters"))
    results = list(_results_of(result))
    given = [*_parameters(receiver), *_parameters(parameters)]
    hidden = {each.partition(" ")[0] for each in given} | {each.name for each in results}
    kept = _kept(node, source, hidden=hidden)
    signature = b" " + _named(results) if results else b""
    made = _made(results, hidden=hidden)
    stub: dict[NewBody, bytes] = {
        "nothing": signature + _with(kept, made + (b"\treturn\n" if results else b"")),
        "raises": signature + _with(kept, b'\tpanic("stub")\n'),
    }
    inside = list(nodes_below(body)) if text_of(node.child_by_field_name("name")) == "init" else []
    if inside:
        stub = {}  # as a constant: what it registers leads to what is new
    elif any(map(_may_be_called, results)) and (handed_out := list(_handed_out(body))):
        stub = {new: _with_stubs(handed_out, source, node=node, new=new) for new in stub}
    elif _hides_a_type(result, body):
        stub = dict.fromkeys(stub, source[parameters.end_byte : node.end_byte])
    return Function(
        name=name,
        form=" ".join([spelled(receiver), spelled(types), spelled(result)]),
        parameters=tuple(given),
        code=spelled(body),
        start=parameters.end_byte,
        end=node.end_byte,
        body=source[parameters.end_byte : node.end_byte],
        stub=stub,
        kept=b"\n" + kept,
        needs=frozenset(text_of(each) for each in inside if each.type in NAMES),
        says=frozenset(text_of(each).strip('`"') for each in inside if each.type in TEXTS),
        hole=body.start_byte + 1 - parameters.end_byte,
    )


def _kept(node: Node, source: bytes, *, hidden: set[str]) -> bytes:
    """The claim's function as a statement that does nothing; none where a parameter has the name of
    a package or type that it is given.
    """
    parameters, body = field_of(node, "parameters"), field_of(node, "body")
    kinds = (each for each in nodes_below(node) if each.start_byte < body.start_byte)
    types = {text_of(each) for each in kinds if each.type in _TYPES}
    if not types.isdisjoint(hidden):
        return b""
    return b"\t_ = func" + source[parameters.start_byte : body.end_byte] + b"\n"


def _with(kept: bytes, statements: bytes) -> bytes:
    return b" {\n" + kept + statements + b"}"


def _results_of(result: Node | None) -> Iterator[_Given]:
    if result is None:
        return
    if result.type != "parameter_list":
        yield _Given("", result)
        return
    for each in result.named_children:
        kind = each.child_by_field_name("type")
        if kind is not None:
            names = each.children_by_field_name("name")
            yield from [_Given(text_of(name), kind) for name in names] or [_Given("", kind)]


def _named(results: Sequence[_Given]) -> bytes:
    """Names reach the types from where no parameter hides them."""
    named = (f"{_name_in(results, place)} {text_of(each.kind)}"
             for place, each in enumerate(results))  # fmt: skip
    return f"({', '.join(named)})".encode()


def _name_in(results: Sequence[_Given], place: int) -> str:
    return results[place].name or f"agentproxy{place}"


def _made(results: Sequence[_Given], *, hidden: set[str]) -> bytes:
    """Statements that give pointers something to lead to: else what looks at a part of it ends all
    tests, and the others say nothing. `hidden` are the names that mean something else here.
    """
    lines: list[str] = []
    for place, each in enumerate(results):
        name, kind = _name_in(results, place), text_of(each.kind)
        used = {text_of(node) for node in nodes_below(each.kind) if node.type in NAMES}
        if each.kind.type == "pointer_type" and name != "_" and hidden.isdisjoint({*used, "new"}):
            lines.append(f"\t{name} = new({kind.removeprefix('*')})\n")
    return "".join(lines).encode()


def _may_be_called(result: _Given) -> bool:
    """Whether a result is a function, or a type that may be one or have methods."""
    kind = result.kind.type
    named = kind == "type_identifier" and not _PLAIN.fullmatch(text_of(result.kind))
    return named or kind in ("function_type", "qualified_type", "generic_type")


def _handed_out(body: Node) -> Iterator[Node]:
    """The functions that a function returns, also by way of a call or as a part of a value."""
    todo = [body]
    while todo:
        node = todo.pop()
        if node.type == "func_literal":
            continue
        if node.type == "return_statement":
            yield from _outer_literals(node)
        else:
            todo += reversed(node.named_children)


def _outer_literals(node: Node) -> Iterator[Node]:
    todo = [node]
    while todo:
        each = todo.pop()
        if each.type == "func_literal":
            yield each
        else:
            todo += reversed(each.named_children)


def _with_stubs(literals: Sequence[Node], source: bytes, *, node: Node, new: NewBody) -> bytes:
    """What follows the parameters of a function, with stubs in place of what it hands out."""
    position, pieces = field_of(node, "parameters").end_byte, list[bytes]()
    for each in literals:
        start = field_of(each, "parameters").end_byte
        pieces += [source[position:start], _function("", each, source).stub[new]]
        position = each.end_byte
    return b"".join([*pieces, source[position : node.end_byte]])


def _hides_a_type(result: Node | None, body: Node) -> bool:
    """Whether a function does no more than give a new value behind an interface: what counts are
    the methods of that value.
    """
    block = [each for each in body.named_children if each.type != "comment"]
    statements = list(block[0].named_children) if len(block) == 1 else []
    if result is None or result.type not in ("type_identifier", "qualified_type"):
        return False
    if len(statements) != 1 or statements[0].type != "return_statement":
        return False
    made = next((each for each in nodes_below(statements[0])
                 if each.type == "composite_literal"), None)  # fmt: skip
    expression = text_of(statements[0]).removeprefix("return").strip().removeprefix("&")
    kind = text_of(made.child_by_field_name("type")) if made is not None else ""
    return bool(kind) and kind != text_of(result) and text_of(made) == expression


def _parameters(listed: Node | None) -> Iterator[str]:
    for each in listed.named_children if listed is not None else ():
        kind = spelled(each.child_by_field_name("type"))
        dots = "..." if each.type == "variadic_parameter_declaration" else ""
        names = [text_of(name) for name in each.children_by_field_name("name")]
        if each.type != "comment":
            yield from (f"{name} {dots}{kind}" for name in names or [""])
