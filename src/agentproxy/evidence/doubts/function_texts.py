"""Functions of a claim in JavaScript that a test turns into a text, and so reads. Pure."""

import re
from collections.abc import Iterable, Iterator
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

_NAME = r"(?<![\w$.])((?:[\w$]++\.)*+[\w$]++)"
_CALLED = re.compile(
    r"(?<![\w$.])((?:[\w$]++[ \t]*+\.[ \t]*+)++)toString[ \t]*+\(\)"
    r"|\b(?:String|inspect)[ \t]*+\([ \t]*+((?:[\w$]++[ \t]*+\.[ \t]*+)*+[\w$]++)[ \t]*+\)"
)
_PUT = re.compile(
    r"\$\{[ \t]*+((?:[\w$]++\.)*+[\w$]++)[ \t]*+\}"
    rf"|{_NAME}[ \t]*+\+[ \t]*+(?:''|\"\"|``)"
    r"|(?:''|\"\"|``)[ \t]*+\+[ \t]*+((?:[\w$]++\.)*+[\w$]++)(?![ \t]*+[\w$.(\[])"
)
_DECLARED = re.compile(
    r"\bfunction\b[ \t*]*+([\w$]++)|\b(?:const|let|var)[ \t]++([\w$]++)[ \t]*+=[ \t]*+"
    r"(?:async\b[ \t]*+)?(?:function\b|\([^()\n]*+\)[ \t]*+(?::[^=\n]*+)?=>|[\w$]++[ \t]*+=>)"
)
_LOADS = r"(?:await\b\s*+)?(?:require|import)\b[ \t]*+\("
# What an import gives, and where it says so.
_IMPORTS = re.compile(
    r"^[ \t]*+import\b((?:[\w$*,\s]|\{[\w$*,:\s]{0,2000}+\}){1,2000}+)['\"]"
    rf"|\b(?:const|let|var)\b([\w$\s]{{0,200}}+(?:\{{[\w$,:\s]{{0,2000}}+\}})?\s*+)=\s*+{_LOADS}",
    re.MULTILINE,
)
_BINDS = re.compile(
    rf"\b(?:const|let|var)\b[ \t]*+([\[{{][^=;()]{{0,300}}?[\]}}]|[\w$]++)[ \t]*+"
    rf"(?:=(?![=>])(?!\s*+{_LOADS})|\bof\b|\bin\b)"
    r"|(?:\bfunction\b[ \t*]*+[\w$]*+[ \t]*+|(?<![\w$]))\(([^()]*+)\)[ \t]*+(?:=>|\{)"
    r"|(?<![\w$])([\w$]++)[ \t]*+=>|\bfunction\b[ \t*]*+([\w$]++)"
)
_WORD = re.compile(r"[\w$]+")


@dataclass(frozen=True, slots=True)
class Names:
    """What a test loads by name and as a whole, and what code of the claim has as functions."""

    loaded: AbstractSet[str] = frozenset()
    modules: AbstractSet[str] = frozenset()
    functions: AbstractSet[str] = frozenset()  # as the code calls them
    own: AbstractSet[str] = frozenset()  # those that are loaded, as the test calls them


def functions_in(code: Iterable[str]) -> AbstractSet[str]:
    """The names of the functions that texts of code declare."""
    return {one or other for text in code for one, other in _DECLARED.findall(text)}


def names_in(test: str, functions: AbstractSet[str]) -> Names:
    """`functions` are those of the claim's code. No name counts that the test binds too."""
    bound = {
        word for groups in _BINDS.findall(test) for each in groups for word in _WORD.findall(each)
    }
    modules: set[str] = set()
    called: dict[str, str] = {}
    for groups in _IMPORTS.findall(test):
        listed = re.search(r"\{([^}]*)\}", "".join(groups))
        modules |= set(_WORD.findall(re.sub(r"\{[^}]*\}", " ", "".join(groups))))
        called |= dict(_listed(listed[1] if listed else ""))
    modules -= {"as", "from", "type", *bound}
    called = {name: what for name, what in called.items() if name not in bound}
    own = {name for name, what in called.items() if what in functions}
    own |= modules & functions
    return Names(called.keys() | modules, modules, functions, own)


def is_text_of_function(line: str, names: Names) -> bool:
    """Whether a function that a test loads is looked at as a text."""
    # A value that is loaded may well be put into a text.
    return any(_is_named(each, names, names.loaded) for each in _found(_CALLED, line)) or any(
        _is_named(each, names, names.own) for each in _found(_PUT, line)
    )


def _found(pattern: re.Pattern[str], line: str) -> Iterator[list[str]]:
    for match in pattern.finditer(line):
        yield _WORD.findall("".join(each or "" for each in match.groups()))


def _is_named(parts: list[str], names: Names, bare: AbstractSet[str]) -> bool:
    if len(parts) == 1:
        return parts[0] in bare
    return len(parts) == 2 and parts[0] in names.modules and parts[1] in names.functions


def _listed(names: str) -> Iterator[tuple[str, str]]:
    """What each name of a list is called here, and where it is from."""
    for part in names.split(","):
        words = [word for word in _WORD.findall(part) if word not in ("as", "type")]
        if words:
            yield words[-1], words[0]
