"""The values of variables and constants of Go source, for stubs. Pure."""

from collections.abc import Iterator

from tree_sitter import Node

from agentproxy.evidence.falsification.stubs.go_tree import (
    NAMES,
    TEXTS,
    field_of,
    nodes_below,
    spelled,
    text_of,
)
from agentproxy.evidence.falsification.stubs.stubs import Function

SPECS = frozenset({"var_spec", "const_spec"})


def values_in(declaration: Node) -> Iterator[tuple[str, Node]]:
    """The functions in values that have a key or are all of the value, by their names; of a value
    without a function the whole.
    """
    specs = [each for each in nodes_below(declaration) if each.type in SPECS and _is_global(each)]
    for spec in specs:
        name, value = text_of(spec.child_by_field_name("name")), spec.child_by_field_name("value")
        if value is None or len(spec.children_by_field_name("name")) != 1:
            continue
        inside = [each for each in nodes_below(value) if each.type == "func_literal"]
        if inside:
            yield from _named_literals(name, value)
        elif not any(map(_is_of_a_list, specs)):
            yield f"{name} =", spec


def _is_of_a_list(spec: Node) -> bool:
    """Whether it is one constant of a list, which is nothing without the others."""
    value = spec.child_by_field_name("value")
    return spec.type == "const_spec" and (value is None or b"iota" in (value.text or b""))


def _is_global(spec: Node) -> bool:
    holder = spec.parent
    while holder is not None and holder.type not in ("block", "func_literal"):
        holder = holder.parent
    return holder is None


def _named_literals(name: str, value: Node) -> Iterator[tuple[str, Node]]:
    todo = [(value, name)]
    while todo:
        node, path = todo.pop()
        if node.type == "func_literal":
            yield path, node
        elif node.type == "keyed_element":
            key, held = node.named_children[0], node.named_children[-1]
            todo.append((held, f"{path}.{text_of(key)}"))
        elif node.type not in ("call_expression", "argument_list"):
            todo += [(each, path) for each in reversed(node.named_children)]


def value_of(name: str, spec: Node) -> Function:
    """A variable or constant, as something that is never a stub."""
    value = field_of(spec, "value")
    below = list(nodes_below(value))
    # What no longer uses a package that is imported would not compile.
    packages = {
        text_of(each.child_by_field_name("operand") or each.child_by_field_name("package"))
        for each in below
        if each.type in ("selector_expression", "qualified_type")
    }
    return Function(
        name=name,
        form=" ".join([spec.type, spelled(spec.child_by_field_name("type")), *sorted(packages)]),
        parameters=(),
        code=spelled(value),
        start=value.start_byte,
        end=value.end_byte,
        body=value.text or b"",
        stub={},
        needs=frozenset(text_of(each) for each in below if each.type in NAMES),
        says=frozenset(text_of(each).strip('`"') for each in below if each.type in TEXTS),
    )
