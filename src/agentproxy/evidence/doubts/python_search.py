"""The folders that Python source adds to those that are searched for modules. Pure."""

import ast
import posixpath
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice, product

from agentproxy.evidence.doubts.python_source import parse_python

_ROOT = "/-"  # stands for the root of the project
_MAX_DEPTH = 20
_MAX_VALUES = 20
_MAX_STEPS = 5_000
_ADDING = {"addsitedir", "syspath_prepend"}
_CHANGING = {"insert", "append", "extend"}
_SAME = {"abspath", "realpath", "normpath", "str", "fspath", "Path", "PurePath", "expanduser"}
_SAME_METHODS = {"resolve", "absolute", "as_posix", "expanduser"}
_HERE = {"cwd", "getcwd", "getcwdu"}
_ROOTS = {"rootdir", "rootpath", "startdir", "startpath", "curdir"}


def find_searched_folders(path: str, source: bytes) -> frozenset[str]:
    """The folders that a file adds to `sys.path`, relative to the root of the project, "" itself.

    A path that starts nowhere is taken from the root.

    Raises:
        CannotParse: the source cannot be parsed.
    """
    module = parse_python(source)
    file = _SearchedFile(posixpath.join(_ROOT, path))
    for node in ast.walk(module):
        file.note(node)
    added = (value for node in ast.walk(module) for value in _added(node))
    found = {text for value in added for text in file.values(value)}
    places = {posixpath.normpath(posixpath.join(_ROOT, text)) for text in found}
    return frozenset(
        place.removeprefix(_ROOT).removeprefix("/")
        for place in places
        if f"{place}/".startswith(f"{_ROOT}/")
    )


def _added(node: ast.AST) -> Iterator[ast.expr]:
    """What a statement or a call adds to the search path."""
    if isinstance(node, ast.Call):
        name = _name(node.func)
        changes = isinstance(node.func, ast.Attribute) and _is_search_path(node.func.value)
        if name in _ADDING or (changes and name in _CHANGING):
            yield from (each for value in node.args[-1:] for each in _elements(value))
    elif isinstance(node, ast.Assign | ast.AugAssign):
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        if any(_is_search_path(each) for each in targets):
            lists = (each for each in ast.walk(node.value) if isinstance(each, ast.List))
            yield from (each for found in lists for each in found.elts)


def _elements(value: ast.expr) -> Sequence[ast.expr]:
    return value.elts if isinstance(value, ast.List | ast.Tuple | ast.Set) else [value]


def _is_search_path(node: ast.expr) -> bool:
    if isinstance(node, ast.Subscript):
        return _is_search_path(node.value)
    return isinstance(node, ast.Attribute) and (_name(node.value), node.attr) == ("sys", "path")


def _name(node: ast.expr) -> str:
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""


@dataclass
class _SearchedFile:
    """A file of source, and what its names may stand for."""

    path: str
    names: dict[str, list[ast.expr]] = field(
        default_factory=lambda: defaultdict[str, list[ast.expr]](list)
    )
    left: int = _MAX_STEPS  # names may lead to each other in very many ways

    def note(self, node: ast.AST) -> None:
        if isinstance(node, ast.Assign):
            for target in node.targets:
                self.names[_name(target)].append(node.value)
        elif isinstance(node, ast.AnnAssign | ast.NamedExpr) and node.value is not None:
            self.names[_name(node.target)].append(node.value)
        elif isinstance(node, ast.For | ast.comprehension):
            self.names[_name(node.target)].extend(_elements(node.iter))

    def values(self, node: ast.expr, depth: int = 0) -> list[str]:
        """The texts that an expression may stand for, as far as they can be told."""
        self.left -= 1
        if depth > _MAX_DEPTH or self.left < 0:
            return []
        return list(dict.fromkeys(self._values(node, depth + 1)))[:_MAX_VALUES]

    def _values(self, node: ast.expr, depth: int) -> Iterator[str]:
        match node:
            case ast.Constant(value=str(text)):
                yield text
            case ast.Name(id="__file__"):
                yield self.path
            case ast.Name(id=name):
                for value in self.names.get(name, ())[:_MAX_VALUES]:
                    yield from self.values(value, depth)
            case ast.Attribute(value=value, attr=name):
                yield from self._attribute(value, name, depth)
            case ast.Call():
                yield from self._call(node, depth)
            case _:
                yield from self._operation(node, depth)

    def _operation(self, node: ast.expr, depth: int) -> Iterator[str]:
        match node:
            case ast.BinOp(left=left, op=ast.Div(), right=right):
                yield from self._joined([left, right], depth)
            case ast.BinOp(left=left, op=ast.Add(), right=right):
                yield from self._concatenated([left, right], depth)
            case ast.JoinedStr(values=parts):
                plain = [e.value if isinstance(e, ast.FormattedValue) else e for e in parts]
                yield from self._concatenated(plain, depth)
            case ast.Subscript(
                value=ast.Attribute(value=value, attr="parents"),
                slice=ast.Constant(value=int(number)),
            ):
                yield from (_above(text, number + 1) for text in self.values(value, depth))
            case _:
                pass

    def _attribute(self, value: ast.expr, name: str, depth: int) -> Iterator[str]:
        if name in _ROOTS:
            yield _ROOT
        elif name == "pardir":
            yield ".."
        elif name == "parent":
            yield from (_above(text, 1) for text in self.values(value, depth))

    def _call(self, call: ast.Call, depth: int) -> Iterator[str]:
        name, function = _name(call.func), call.func
        if name in _HERE:
            yield _ROOT
        elif name == "dirname" and call.args:
            yield from (_above(text, 1) for text in self.values(call.args[0], depth))
        elif name in _SAME and call.args:
            yield from self._joined(call.args, depth)
        elif isinstance(function, ast.Attribute) and name in _SAME_METHODS:
            yield from self.values(function.value, depth)
        elif isinstance(function, ast.Attribute) and name == "joinpath":
            yield from self._joined([function.value, *call.args], depth)
        elif name == "join" and _name(getattr(function, "value", function)) in ("path", "join"):
            yield from self._joined(call.args, depth)

    def _joined(self, parts: Sequence[ast.expr], depth: int) -> Iterator[str]:
        return (posixpath.join(*texts) for texts in self._all(parts, depth) if texts)

    def _concatenated(self, parts: Sequence[ast.expr], depth: int) -> Iterator[str]:
        return ("".join(texts) for texts in self._all(parts, depth))

    def _all(self, parts: Sequence[ast.expr], depth: int) -> Iterator[tuple[str, ...]]:
        known = [self.values(each, depth) for each in parts[:_MAX_DEPTH]]
        return islice(product(*known), _MAX_VALUES)


def _above(text: str, levels: int) -> str:
    for _ in range(min(levels, 100)):
        text = posixpath.dirname(posixpath.normpath(text))
    return text
