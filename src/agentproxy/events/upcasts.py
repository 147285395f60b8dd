"""How the stored data of a fact's earlier versions become what its present version says."""

from collections.abc import Callable, Mapping

Data = Mapping[str, object]
Upcast = Callable[[Data], Data]
Upcasts = Mapping[tuple[str, int], Upcast]

# By kind and version: from data of that version to data of the next. Each says all of the fact,
# its `kind` too, and may be of any age; it is checked only when it has reached the present version.
UPCASTS: Upcasts = {}


class NoUpcast(Exception):
    """A version lies between the stored one and the present one that no upcast leads on from."""


def upcast(data: Data, versions: range, *, kind: str, upcasts: Upcasts = UPCASTS) -> Data:
    """The data in the version that `versions` leads to, one step for each version in it.

    Raises:
        NoUpcast: a step is not there.
    """
    for version in versions:
        step = upcasts.get((kind, version))
        if step is None:
            raise NoUpcast(f"no upcast leads on from {kind} of version {version}")
        data = step(data)
    return data
