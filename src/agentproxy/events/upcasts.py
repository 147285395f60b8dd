"""Converts stored data of a fact's earlier versions to the present version."""

from collections.abc import Callable, Mapping

Data = Mapping[str, object]
Upcast = Callable[[Data], Data]
Upcasts = Mapping[tuple[str, int], Upcast]

# (kind, version) -> a step from data of that version to the next. The data is the whole fact with
# its `kind`. It is validated only in the present version.
UPCASTS: Upcasts = {}


class NoUpcast(Exception):
    """No upcast leads on from a stored version."""


def upcast(data: Data, versions: range, *, kind: str, upcasts: Upcasts = UPCASTS) -> Data:
    """Returns the data after one step for each version in `versions`. Raises NoUpcast."""
    for version in versions:
        step = upcasts.get((kind, version))
        if step is None:
            raise NoUpcast(f"no upcast converts {kind} of version {version}")
        data = step(data)
    return data
