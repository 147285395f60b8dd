"""Functions of Go that are called in another way than at the base. Pure.

Bodies of the base call them as they were, which would not compile. So their old form gets another
name at the base, and stands beside the new one where a body needs it. Nothing here knows types: a
name that may mean something else keeps its spelling.
"""

import posixpath
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from tree_sitter import Node

from agentproxy.evidence.falsification.stubs.go_functions import name_of, old_name
from agentproxy.evidence.falsification.stubs.go_names import imports_of
from agentproxy.evidence.falsification.stubs.go_scopes import Scope, find_scopes
from agentproxy.evidence.falsification.stubs.go_tree import (
    nodes_below,
    parse_go,
    spelled,
    text_of,
)
from agentproxy.evidence.falsification.stubs.stub_request import StubFile, decoded, encoded

_FUNCTIONS = ("function_declaration", "method_declaration")
_PARAMETERS = ("parameter_declaration", "variadic_parameter_declaration")
# A package: the folder, and the name, since tests of one may be a package of their own.
_Package = tuple[str, str]
_Form = tuple[str, ...]


@dataclass(slots=True)
class _Declared:
    """What the changed files of a package declare at the base."""

    forms: dict[str, _Form] = field(default_factory=dict[str, _Form])  # by `f` or `T.f`
    fields: set[tuple[str, str]] = field(default_factory=set[tuple[str, str]])  # type and field
    changed: frozenset[str] = frozenset()  # functions and methods of another form at the claim

    def is_another(self, kind: str, name: str) -> bool:
        """Whether a type has a field or method of this name that did not change its form."""
        own = f"{kind}.{name}"
        return (kind, name) in self.fields or (own in self.forms and own not in self.changed)


def rename_old_forms(files: Sequence[StubFile]) -> Sequence[StubFile]:
    """The files, with another name at the base for each function that has another form at the
    claim, where its own package declares or calls it.
    """
    of_go = [each for each in files if each.path.endswith(".go")]
    old = {each.path: parse_go(decoded(each.before)) for each in of_go if each.before}
    new = {each.path: parse_go(decoded(each.after)) for each in of_go}
    before, after = _declared(old), _declared(new)
    for package, declared in before.items():
        claimed = after[package].forms if package in after else {}
        forms = declared.forms.items()
        declared.changed = frozenset(
            name for name, form in forms if claimed.get(name, form) != form
        )
    return [
        _with_renamed(each, old[each.path], before[_package_of(each.path, old[each.path])])
        if each.path in old
        else each
        for each in files
    ]


def _with_renamed(file: StubFile, root: Node, declared: _Declared) -> StubFile:
    # What cannot be parsed gives no body.
    if not declared.changed or root.has_error:
        return file
    source, position, pieces = decoded(file.before), 0, list[bytes]()
    for node in _renamed(root, declared):
        pieces += [source[position : node.start_byte], old_name(text_of(node)).encode()]
        position = node.end_byte
    return file._replace(before=encoded(b"".join([*pieces, source[position:]])))


def _package_of(path: str, root: Node) -> _Package:
    clause = next((each for each in root.named_children if each.type == "package_clause"), None)
    return posixpath.dirname(path), text_of(clause)


def _declared(roots: Mapping[str, Node]) -> Mapping[_Package, _Declared]:
    found: dict[_Package, _Declared] = {}
    for path, root in roots.items():
        declared = found.setdefault(_package_of(path, root), _Declared())
        for each in root.named_children:
            if each.type in _FUNCTIONS:
                declared.forms[name_of(each)] = tuple(_form(each))
            elif each.type == "type_declaration":
                declared.fields |= set(_fields_of(each))
    return found


def _fields_of(declaration: Node) -> Iterator[tuple[str, str]]:
    """Each type and field, or method of an interface, also those of structs inside of it."""
    for spec in declaration.named_children:
        kind = text_of(spec.child_by_field_name("name"))
        for each in nodes_below(spec):
            if each.type in ("field_declaration", "method_elem"):
                yield from ((kind, text_of(name)) for name in each.children_by_field_name("name"))


def _form(function: Node) -> Iterator[str]:
    """The types of what it is given and gives; names say nothing to a caller."""
    for part in ("type_parameters", "parameters", "result"):
        listed = function.child_by_field_name(part)
        yield part
        if listed is None or listed.type != "parameter_list":
            yield spelled(listed)
            continue
        for each in listed.named_children:
            names = len(each.children_by_field_name("name")) or 1
            yield from [f"{each.type} {spelled(each.child_by_field_name('type'))}"] * names


def _renamed(root: Node, declared: _Declared) -> Iterator[Node]:
    """The names in a file that mean a function of another form, in their order."""
    packages = frozenset(name for name, _ in imports_of(root))
    functions = frozenset(name for name in declared.changed if "." not in name)
    for declaration in root.named_children:
        meanings = _Meanings(
            declared=declared,
            functions=functions,
            methods=frozenset(name.rpartition(".")[2] for name in declared.changed - functions),
            packages=packages,
            scopes=find_scopes(declaration, functions),
            kinds=dict(_kinds(declaration)),
        )
        name = declaration.child_by_field_name("name")
        for node in nodes_below(declaration):
            if node == name:
                if name_of(declaration) in declared.changed:
                    yield node
            elif meanings.may_be_function(node) or meanings.may_be_method(node):
                yield node


@dataclass(frozen=True, slots=True)
class _Meanings:
    """What names mean in one declaration."""

    declared: _Declared
    functions: frozenset[str]  # of another form
    methods: frozenset[str]
    packages: frozenset[str]  # that the file imports
    scopes: Sequence[Scope]
    kinds: Mapping[str, str]  # the types of what it is given

    def may_be_function(self, node: Node) -> bool:
        """Whether it names a function of another form."""
        name = text_of(node)
        if node.type != "identifier" or name not in self.functions or _is_key(node):
            return False
        return not any(
            name == of and start <= node.start_byte < end for of, start, end in self.scopes
        )

    def may_be_method(self, node: Node) -> bool:
        """Whether it is selected from something that may have a method of another form."""
        selector, name = node.parent, text_of(node)
        if node.type != "field_identifier" or name not in self.methods:
            return False
        if selector is None or selector.type != "selector_expression":
            return False
        operand = text_of(selector.child_by_field_name("operand"))
        if operand in self.packages:
            return False
        kind = self.kinds.get(operand)
        if kind is not None:
            return " . " not in kind and not self.declared.is_another(kind, name)
        return _is_called(selector) or name not in {each for _, each in self.declared.fields}


def _is_called(function: Node) -> bool:
    call = function.parent
    if call is None or call.type != "call_expression":
        return False
    return call.child_by_field_name("function") == function


def _is_key(node: Node) -> bool:
    """Whether it is the name of a field in a value. No function can be a key of a map."""
    element = node.parent
    holder = element.parent if element is not None else None
    if holder is None or holder.type != "keyed_element":
        return False
    return holder.named_children[0] == element


def _kinds(declaration: Node) -> Iterator[tuple[str, str]]:
    """The types of what a function is given, without the marks of pointers and of type arguments;
    one of another package with its package.
    """
    for part in ("parameters", "receiver"):
        listed = declaration.child_by_field_name(part)
        for each in listed.named_children if listed is not None else ():
            if each.type in _PARAMETERS:
                kind = spelled(each.child_by_field_name("type")).removeprefix("* ")
                for name in each.children_by_field_name("name"):
                    yield text_of(name), kind.partition(" [")[0]
