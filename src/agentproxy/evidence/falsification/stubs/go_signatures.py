"""Functions of Go that are called in another way than at the base. Pure.

Bodies of the base call them as they were, which would not compile. So their old form gets another
name at the base, and stands beside the new one where a body needs it.
"""

import posixpath
from collections.abc import Iterator, Sequence

from tree_sitter import Node

from agentproxy.evidence.falsification.stubs.go_functions import (
    name_of,
    nodes_below,
    old_name,
    parse_go,
    text_of,
    type_of,
)
from agentproxy.evidence.falsification.stubs.stub_request import StubFile, decoded, encoded

_FUNCTIONS = ("function_declaration", "method_declaration")
_NAMES = ("identifier", "field_identifier")


def rename_old_forms(files: Sequence[StubFile]) -> Sequence[StubFile]:
    """The files, with another name at the base for each function that has another form at the
    claim.
    """
    of_go = [each for each in files if each.path.endswith(".go")]
    old, new = dict(_forms(of_go, claim=False)), dict(_forms(of_go, claim=True))
    changed = [place for place, form in old.items() if new.get(place, form) != form]
    leaves = {name.rpartition(".")[2] for _, name in changed}
    return [
        each._replace(before=encoded(_renamed(decoded(each.before), leaves)))
        if each in of_go and leaves and each.before
        else each
        for each in files
    ]


def _forms(
    files: Sequence[StubFile], *, claim: bool
) -> Iterator[tuple[tuple[str, str], tuple[str, ...]]]:
    """The folder and name of each function, and how it is called."""
    for file in files:
        root = parse_go(decoded(file.after if claim else file.before))
        for each in root.named_children:
            if each.type in _FUNCTIONS:
                yield (posixpath.dirname(file.path), name_of(each)), tuple(_form(each))


def _form(function: Node) -> Iterator[str]:
    """The types of what it is given and gives; names say nothing to a caller."""
    for field in ("type_parameters", "parameters", "result"):
        listed = function.child_by_field_name(field)
        yield field
        if listed is None or listed.type != "parameter_list":
            yield type_of(listed)
            continue
        for each in listed.named_children:
            names = len(each.children_by_field_name("name")) or 1
            yield from [f"{each.type} {type_of(each.child_by_field_name('type'))}"] * names


def _renamed(source: bytes, names: set[str]) -> bytes:
    position, pieces = 0, list[bytes]()
    for node in nodes_below(parse_go(source)):
        if node.type in _NAMES and text_of(node) in names:
            pieces += [source[position : node.start_byte], old_name(text_of(node)).encode()]
            position = node.end_byte
    return b"".join([*pieces, source[position:]])
