"""Where a name of Go means a variable of a function, and where it means the package's. Pure."""

from collections.abc import Collection, Iterator

from tree_sitter import Node

from agentproxy.evidence.falsification.stubs.go_tree import nodes_below, text_of

_SPECS = ("var_spec", "const_spec", "type_spec", "type_alias")
_ASSIGNS = ("short_var_declaration", "range_clause", "receive_statement")
_PARAMETERS = (
    "parameter_declaration",
    "variadic_parameter_declaration",
    "type_parameter_declaration",
)
_FUNCTIONS = ("function_declaration", "method_declaration", "func_literal", "function_type")
_BLOCKS = (
    *_FUNCTIONS,
    "block",
    "if_statement",
    "for_statement",
    "expression_switch_statement",
    "expression_case",
    "default_case",
    "type_switch_statement",
    "type_case",
    "communication_case",
)
# A name, and the bytes in which it means a variable, as start and end.
Scope = tuple[str, int, int]


def find_scopes(declaration: Node, names: Collection[str]) -> list[Scope]:
    """Where a declaration of the package gives these names another meaning."""
    return [scope for each in nodes_below(declaration) for scope in _scopes_of(each)
            if scope[0] in names and each.parent != declaration.parent]  # fmt: skip


def _scopes_of(node: Node) -> Iterator[Scope]:
    if node.type in _PARAMETERS:
        end = _holder(node, _FUNCTIONS).end_byte
        for name in node.children_by_field_name("name"):
            yield text_of(name), name.start_byte, end
    elif node.type in _SPECS or node.type in _ASSIGNS:
        end = _holder(node, _BLOCKS).end_byte
        for name in _bound(node):
            yield text_of(name), name.start_byte, name.end_byte
            # What it is made of still means the outer one.
            yield text_of(name), node.end_byte, end
    elif node.type == "type_switch_statement" and (value := node.child_by_field_name("value")):
        alias = node.child_by_field_name("alias")
        for name in alias.named_children if alias is not None else ():
            yield text_of(name), name.start_byte, name.end_byte
            yield text_of(name), value.end_byte, node.end_byte


def _bound(node: Node) -> list[Node]:
    if node.type in _SPECS:
        return node.children_by_field_name("name")
    left = node.child_by_field_name("left")
    return left.named_children if left is not None else []


def _holder(node: Node, kinds: Collection[str]) -> Node:
    """What a name that is declared here is known in: all of the source where nothing is around."""
    holder = node
    while holder.parent is not None and (holder is node or holder.type not in kinds):
        holder = holder.parent
    return holder
