"""Source code of a claim in which each function that it changed is a stub."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Literal, NamedTuple

NewBody = Literal["nothing", "raises"]


class Function(NamedTuple):
    """A function of a source file, or the value of a constant. `start` and `end` bound its body in
    bytes.

    `code` compares equal where a reader would call it the same. `parameters` are in their order,
    each with its kind and default. `stub` gives the text of a body for a function that the base had
    not; a constant has none. `needs` are the names that a constant is made of, `says` its texts.
    """

    name: str
    form: str  # async, a generator, a getter: what it is beside its parameters
    parameters: tuple[str, ...]
    code: str
    start: int
    end: int
    body: bytes
    stub: Mapping[NewBody, bytes]
    needs: frozenset[str] = frozenset()
    says: frozenset[str] = frozenset()
    handed_out: tuple["Function", ...] = ()  # functions inside that a caller gets, as of an object
    kept: bytes = b""  # what any other body needs at `hole`, so that the file still compiles
    hole: int = 0  # in its body

    def can_have_body_of(self, earlier: "Function") -> bool:
        """Whether it has all parameters of an earlier form of it, in their order, and others at
        most beside them.
        """
        ours = iter(self.parameters)
        return self.form == earlier.form and all(each in ours for each in earlier.parameters)

    def with_body_of(self, earlier: "Function") -> bytes:
        """The body of an earlier form of it."""
        return earlier.body[: earlier.hole] + self.kept + earlier.body[earlier.hole :]

    def new_handed_out(self, earlier: "Function") -> Sequence["Function"]:
        """The functions that a caller gets from it, and did not get from an earlier form of it."""
        known = {each.name for each in earlier.handed_out}
        return [each for each in self.handed_out if each.name not in known]

    def newly_names(self, names: frozenset[str], earlier: "Function") -> bool:
        """Whether a constant mentions one of these, and did not."""
        return not names.isdisjoint((self.needs | self.says) - (earlier.needs | earlier.says))


class CannotParse(ValueError):
    """The source is not in its language, as far as this parser knows it."""


class Stubbed(NamedTuple):
    """Source with stubs, and the names of the functions that are stubs in it."""

    text: bytes
    functions: tuple[str, ...]
    resigned: tuple[str, ...]  # those that had other parameters at the base


FindFunctions = Callable[[bytes], Sequence[Function]]


def stub_functions(
    before: bytes, after: bytes, *, new: NewBody, find_functions: FindFunctions
) -> Stubbed:
    """Takes back what a claim changed inside functions, and keeps every name that it brought.

    A function gets the base's body where it still has the parameters that it had there. A function
    that is new, or lost one of them or its default, gets a body that returns nothing or raises. A
    constant that the base had gets its old value, unless new functions are reached by its new one.
    Where a function newly hands others out, these are stubs, and the rest of it stays. Everything
    else stays as the claim has it.

    Raises:
        CannotParse: `after` cannot be parsed.
    """
    known = _by_name(_functions_or_none(before, find_functions))
    pieces: list[bytes] = []
    names: list[str] = []
    resigned: list[str] = []
    position = 0
    found = find_functions(after)
    new_names = _names_of(each for each in found if each.name not in known) - _names_of(
        known.values()
    )
    todo = list(reversed(found))
    while todo:
        function = todo.pop()
        earlier = known.get(function.name)
        if function.start < position or _stays(function, earlier, new_names):
            # Also what is inside of a function that is replaced already.
            continue
        if earlier is None or not function.can_have_body_of(earlier):
            body = function.stub[new]
            resigned += [function.name] if earlier else []
        elif inside := function.new_handed_out(earlier):
            # With the body of the base, tests would only miss the names of these.
            todo += reversed(inside)
            continue
        else:
            body = function.with_body_of(earlier)
        pieces += [after[position : function.start], body]
        names += [function.name] if function.stub else []
        position = function.end
    return Stubbed(b"".join([*pieces, after[position:]]), tuple(names), tuple(resigned))


def _stays(function: Function, earlier: Function | None, new_names: frozenset[str]) -> bool:
    if earlier is None or not function.can_have_body_of(earlier):
        return not function.stub
    # A value that needs other names than the new one may not find them any more.
    if earlier.code == function.code or not earlier.needs <= function.needs:
        return True
    return not function.stub and function.newly_names(new_names, earlier)


def _functions_or_none(source: bytes, find_functions: FindFunctions) -> Sequence[Function]:
    try:
        return find_functions(source)
    except CannotParse:
        return ()


def _by_name(functions: Iterable[Function]) -> dict[str, Function]:
    return {function.name: function for function in functions}


def _names_of(functions: Iterable[Function]) -> frozenset[str]:
    """Those of functions, and of the classes that they are in."""
    words = (each.name.partition("#")[0].split(".") for each in functions if each.stub)
    return frozenset(word for name in words for word in name)


def number_names(names: Iterable[str]) -> list[str]:
    """The names, each further one of the same spelling with a number: a property and its setter
    are two functions.
    """
    seen: dict[str, int] = {}
    numbered: list[str] = []
    for name in names:
        seen[name] = seen.get(name, 0) + 1
        numbered.append(name if seen[name] == 1 else f"{name}#{seen[name]}")
    return numbered
