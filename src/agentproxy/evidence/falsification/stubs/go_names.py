"""Gives Go source the names back that older function bodies need. Pure."""

import posixpath
import re
from collections.abc import Collection, Iterator, Mapping

from tree_sitter import Node

from agentproxy.evidence.falsification.stubs.go_tree import nodes_below, parse_go, text_of
from agentproxy.evidence.falsification.stubs.stubs import CannotParse

MAX_ADDED = 1000  # declarations of the base
_NAMES = {"identifier", "type_identifier", "field_identifier", "package_identifier"}
_VERSION = re.compile(r"v\d+")
_SUFFIX = re.compile(r"\.v\d+$")


def restore_go_names(
    before: bytes, stubbed: bytes, package: Collection[str], *, wanted: Collection[str] = ()
) -> bytes:
    """The source, and in it what the base imported, and behind it what the base declared, where the
    source needs and lacks it. `package` are the names that changed files of its package declare,
    `wanted` those that they need from each other.

    A base that cannot be parsed gives nothing.

    Raises:
        CannotParse: the source cannot be parsed.
    """
    base, root = parse_go(before), parse_go(stubbed)
    if root.has_error:
        raise CannotParse("syntax error")
    if base.has_error:
        return stubbed
    needed = {*_names_in(root), *wanted}
    known = set(_declared(root))
    # Looked up and not copied: a package may have many files.
    lost = [each for each in base.named_children if set(_bound(each)).isdisjoint(package)]
    added: list[Node] = []
    while len(added) < MAX_ADDED:
        missing = next((each for each in lost if _is_missing(each, known, needed)), None)
        if missing is None:
            break
        added.append(missing)
        known |= set(_bound(missing))
        needed |= set(_names_in(missing))
    text = b"\n\n".join([stubbed, *(each.text or b"" for each in added)])
    return _with_imports(text, root, base) + (b"\n" if added else b"")


def find_declared(files: Mapping[str, bytes]) -> Mapping[str, frozenset[str]]:
    """The names that files declare for their packages, by folder. Files are by path."""
    found: dict[str, set[str]] = {}
    for path, source in files.items():
        found.setdefault(posixpath.dirname(path), set()).update(_declared(parse_go(source)))
    return {folder: frozenset(names) for folder, names in found.items()}


def _with_imports(text: bytes, root: Node, base: Node) -> bytes:
    """The source with those imports of the base that it lacks and mentions."""
    have = {path for _, path in imports_of(root)}
    lost = [each for each in imports_of(base) if each[1] not in have]
    if not lost:
        return text
    uses = {text_of(each.child_by_field_name("operand") or each.child_by_field_name("package"))
            for each in nodes_below(parse_go(text))
            if each.type in ("selector_expression", "qualified_type")}  # fmt: skip
    lacks = [f"import {name} {path}\n" for name, path in lost if name in uses]
    clause = next((each for each in root.named_children if each.type == "package_clause"), None)
    end = clause.end_byte if clause is not None else 0
    return text[:end] + b"\n\n" * bool(lacks) + "".join(lacks).encode() + text[end:]


def imports_of(root: Node) -> Iterator[tuple[str, str]]:
    """The name and the quoted path of each import; without a name of its own, by its path."""
    for each in nodes_below(root):
        if each.type == "import_spec":
            path = text_of(each.child_by_field_name("path"))
            yield text_of(each.child_by_field_name("name")) or _last_part(path.strip('"`')), path


def _last_part(path: str) -> str:
    folder, name = posixpath.split(path)
    return _SUFFIX.sub("", posixpath.basename(folder) if _VERSION.fullmatch(name) else name)


def _is_missing(declaration: Node, known: set[str], needed: set[str]) -> bool:
    """Whether it gives a needed name, and none a second time."""
    names = set(_bound(declaration))
    return not names.isdisjoint(needed) and names.isdisjoint(known)


def _declared(root: Node) -> Iterator[str]:
    for declaration in root.named_children:
        yield from _bound(declaration)


def _bound(declaration: Node) -> Iterator[str]:
    """The names that it gives to its package; a method is one by its name alone."""
    if declaration.type in ("function_declaration", "method_declaration"):
        yield text_of(declaration.child_by_field_name("name"))
    elif declaration.type in ("var_declaration", "const_declaration", "type_declaration"):
        for spec in nodes_below(declaration):
            if spec.type in ("var_spec", "const_spec", "type_spec", "type_alias"):
                yield from map(text_of, spec.children_by_field_name("name"))


def _names_in(root: Node) -> Iterator[str]:
    return (text_of(node) for node in nodes_below(root) if node.type in _NAMES)
