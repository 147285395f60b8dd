"""What is seen in Python source: names, and calls in tests that nobody awaits. Pure."""

import ast
import re
from collections.abc import Collection, Iterator

from agentproxy.evidence.doubts.names import FileNames
from agentproxy.evidence.falsification.stubs.stubs import CannotParse

_WORD = re.compile(r"[A-Za-z_]\w*")
# Decorators that register nothing.
_PLAIN_DECORATORS = {
    "cache", "lru_cache", "cached", "wraps", "dataclass", "dataclass_transform", "total_ordering",
    "contextmanager", "asynccontextmanager", "overload", "final", "singledispatch", "deprecated",
    "runtime_checkable", "no_type_check", "define", "frozen", "attrs", "s", "unique",
}  # fmt: skip
_PLAIN_BASES = {
    "object", "Exception", "ValueError", "RuntimeError", "TypeError", "LookupError", "KeyError",
    "NamedTuple", "TypedDict", "Protocol", "ABC", "Generic", "BaseModel", "dict", "list", "str",
    "int", "tuple", "set",
}  # fmt: skip

Function = ast.FunctionDef | ast.AsyncFunctionDef
Definition = Function | ast.ClassDef


def parse_python(source: bytes) -> ast.Module:
    """The module.

    Raises:
        CannotParse: the source has a syntax error, or syntax that is newer than our interpreter.
    """
    try:
        return ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise CannotParse(str(error)) from error


def find_python_names(source: bytes) -> FileNames:
    """The names of a module.

    Raises:
        CannotParse: the source cannot be parsed.
    """
    module = parse_python(source)
    defined: dict[str, frozenset[str]] = {}
    registered: set[str] = set()
    used: set[str] = set()
    for statement in module.body:
        if isinstance(statement, Definition):
            defined[statement.name] = frozenset(_uses(statement)) | defined.get(
                statement.name, frozenset()
            )
            if _is_registered(statement):
                registered.add(statement.name)
        elif not _is_export(statement):
            used |= _uses(statement)
    return _resolve_aliases(module, FileNames(defined, frozenset(registered), frozenset(used)))


def _uses(node: ast.AST) -> set[str]:
    used: set[str] = set()
    for each in ast.walk(node):
        match each:
            case ast.Name(id=name) | ast.Attribute(attr=name):
                used.add(name)
            case ast.Constant(value=str(text)) if each is not _docstring(node):
                used.update(_WORD.findall(text))
            case _:
                pass
    return used


def _docstring(node: ast.AST) -> ast.expr | None:
    match node:
        case (
            ast.FunctionDef(body=[ast.Expr(value=first), *_])
            | ast.AsyncFunctionDef(body=[ast.Expr(value=first), *_])
            | ast.ClassDef(body=[ast.Expr(value=first), *_])
            | ast.Expr(value=first)
        ):
            return first
        case _:
            return None


def _is_export(statement: ast.stmt) -> bool:
    match statement:
        case (
            ast.Assign(targets=[ast.Name(id="__all__")])
            | ast.AugAssign(target=ast.Name(id="__all__"))
        ):
            return True
        case ast.AnnAssign(target=ast.Name(id="__all__")):
            return True
        case _:
            return False


def _is_registered(node: Definition) -> bool:
    if any(_last_name(each) not in _PLAIN_DECORATORS for each in node.decorator_list):
        return True
    return isinstance(node, ast.ClassDef) and not has_plain_bases(node)


def has_plain_bases(node: ast.ClassDef) -> bool:
    """Whether nothing calls a class, or what is in it, because of what it derives from."""
    return not node.keywords and all(_last_name(each) in _PLAIN_BASES for each in node.bases)


def _last_name(node: ast.expr) -> str:
    match node:
        case ast.Call(func=inner) | ast.Subscript(value=inner):
            return _last_name(inner)
        case ast.Attribute(attr=name) | ast.Name(id=name):
            return name
        case _:
            return ""


def _resolve_aliases(module: ast.Module, names: FileNames) -> FileNames:
    """Who uses an alias uses what was imported under it."""
    aliases = {
        each.asname: each.name
        for node in ast.walk(module)
        if isinstance(node, ast.ImportFrom)
        for each in node.names
        if each.asname
    }

    def resolve(used: frozenset[str]) -> frozenset[str]:
        return used | {aliases[name] for name in used if name in aliases}

    return FileNames(
        {name: resolve(uses) for name, uses in names.defined.items()},
        names.registered,
        resolve(names.used),
    )


def find_async_functions(source: bytes) -> frozenset[str]:
    """The names of the undecorated coroutine functions at the top of a module.

    Raises:
        CannotParse: the source cannot be parsed.
    """
    return frozenset(
        node.name
        for node in parse_python(source).body
        if isinstance(node, ast.AsyncFunctionDef)
        and not node.decorator_list
        and not any(isinstance(each, ast.Yield | ast.YieldFrom) for each in ast.walk(node))
    )


def find_unawaited(
    before: bytes, after: bytes, coroutines: Collection[str]
) -> Iterator[tuple[str, str]]:
    """The new or changed tests of a file that await too little: the test, and the coroutine that
    it makes and never awaits, "" where nobody awaits the test itself.

    Raises:
        CannotParse: `after` cannot be parsed.
    """
    old = {ast.dump(node) for _, node in _tests_of(before)} if before else set[str]()
    module = parse_python(after)
    imported = {
        each.asname or each.name: each.name
        for node in module.body
        if isinstance(node, ast.ImportFrom)
        for each in node.names
    }
    called = {local for local, name in imported.items() if name in coroutines}
    plain_cases = _plain_cases(module)
    for holder, node in _tests_of(after):
        if ast.dump(node) in old:
            continue
        if isinstance(node, ast.AsyncFunctionDef) and holder in plain_cases:
            yield node.name, ""
        for name in sorted(_dropped(node, called)):
            yield node.name, imported[name]


def _tests_of(source: bytes) -> list[tuple[str, Function]]:
    try:
        module = parse_python(source)
    except CannotParse:
        return []
    found: list[tuple[str, Function]] = []
    for statement in module.body:
        inner = statement.body if isinstance(statement, ast.ClassDef) else [statement]
        holder = statement.name if isinstance(statement, ast.ClassDef) else ""
        found += [
            (holder, each)
            for each in inner
            if isinstance(each, Function) and each.name.startswith("test")
        ]
    return found


def _plain_cases(module: ast.Module) -> set[str]:
    """The classes of `unittest.TestCase` itself, which awaits no test."""
    from_unittest = {
        each.asname or each.name
        for node in module.body
        if isinstance(node, ast.ImportFrom) and node.module == "unittest"
        for each in node.names
        if each.name == "TestCase"
    }
    return {
        node.name
        for node in module.body
        if isinstance(node, ast.ClassDef) and len(node.bases) == 1
        for base in node.bases
        if ast.unparse(base) in {"unittest.TestCase", *from_unittest}
    }


def _dropped(test: Function, coroutines: Collection[str]) -> set[str]:
    """The coroutines that a test makes where no await can follow: a statement of its own, a
    comparison, an assertion.
    """
    dropped: set[str] = set()
    local = {name for node in ast.walk(test) for name in _bound_by(node)}
    for node in ast.walk(test):
        match node:
            case ast.Expr(value=value) | ast.Assert(test=value):
                made = [value]
            case ast.Compare(left=left, comparators=rest):
                made = [left, *rest]
            case _:
                continue
        dropped |= {
            each.func.id
            for each in made
            if isinstance(each, ast.Call)
            and isinstance(each.func, ast.Name)
            and each.func.id in coroutines
        }
    return dropped - local


def _bound_by(node: ast.AST) -> tuple[str, ...]:
    match node:
        case ast.Name(id=name, ctx=ast.Store()) | ast.arg(arg=name):
            return (name,)
        case _:
            return ()
