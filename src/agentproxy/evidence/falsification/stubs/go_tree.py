"""Source of Go as a tree, and what is read in it. Pure."""

from collections.abc import Iterator
from functools import cache

from tree_sitter import Language, Node, Parser

# Whose white space is a part of them.
TEXTS = frozenset({"interpreted_string_literal", "raw_string_literal", "rune_literal"})
NAMES = frozenset({"identifier", "field_identifier", "type_identifier", "package_identifier"})


def parse_go(source: bytes) -> Node:
    """The root of the tree, with nodes of errors where the source has a syntax error."""
    # The grammar wants an end of the last line.
    return _parser().parse(source + b"\n").root_node


@cache
def _parser() -> Parser:
    import tree_sitter_go

    return Parser(Language(tree_sitter_go.language()))


def spelled(root: Node | None) -> str:
    """The text without comments and without the white space between its parts; "" where there is
    none.
    """
    words: list[str] = []
    todo = [root] if root is not None else []
    while todo:
        node = todo.pop()
        if node.type == "comment":
            continue
        if node.child_count and node.type not in TEXTS:
            todo += reversed(node.children)
        else:
            words.append(text_of(node))
    return " ".join(words)


def nodes_below(root: Node) -> Iterator[Node]:
    """A node and all that is inside of it, in the order of the source."""
    todo = [root]
    while todo:
        node = todo.pop()
        yield node
        todo += reversed(node.named_children)


def field_of(node: Node, name: str) -> Node:
    """A part that a node of this kind always has."""
    found = node.child_by_field_name(name)
    assert found is not None
    return found


def text_of(node: Node | None) -> str:
    """The text of a node; "" where there is none."""
    return (node.text or b"").decode(errors="replace") if node is not None else ""
