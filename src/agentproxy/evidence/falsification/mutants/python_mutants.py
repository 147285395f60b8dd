"""Mutants of Python source. Pure."""

import ast
from collections.abc import Callable, Iterator, Sequence

from agentproxy.events.mutants import MutantKind
from agentproxy.evidence.falsification.mutants.mutants import Edit
from agentproxy.evidence.falsification.stubs.python_functions import Lines
from agentproxy.evidence.falsification.stubs.stubs import CannotParse

_COMPARISONS: dict[type[ast.cmpop], tuple[str, str]] = {
    ast.Eq: ("==", "!="),
    ast.NotEq: ("!=", "=="),
    ast.Lt: ("<", ">="),
    ast.GtE: (">=", "<"),
    ast.Gt: (">", "<="),
    ast.LtE: ("<=", ">"),
    ast.Is: ("is", "is not"),
    ast.IsNot: ("is not", "is"),
    ast.In: ("in", "not in"),
    ast.NotIn: ("not in", "in"),
}
_ARITHMETIC: dict[type[ast.operator], tuple[str, str]] = {
    ast.Add: ("+", "-"),
    ast.Sub: ("-", "+"),
    ast.Mult: ("*", "+"),
    ast.Div: ("/", "*"),
    ast.FloorDiv: ("//", "*"),
    ast.Mod: ("%", "+"),
    ast.Pow: ("**", "*"),
    ast.BitAnd: ("&", "|"),
    ast.BitOr: ("|", "&"),
    ast.LShift: ("<<", ">>"),
    ast.RShift: (">>", "<<"),
}
# What is only said to a person or to a type checker, and no test is expected to look at.
_SAYS = {"print", "debug", "info", "warning", "warn", "error", "exception", "critical", "log"}
_LONGEST_SHOWN = 30


def find_python_edits(source: bytes) -> Sequence[Edit]:
    """All mutants of a module.

    Raises:
        CannotParse: the source has a syntax error, or syntax that is newer than our interpreter.
    """
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise CannotParse(str(error)) from error
    reader = _Reader(source)
    return [edit for node in _walk(tree) for edit in reader.edits(node)]


def _walk(tree: ast.AST) -> Iterator[ast.AST]:
    # A list and no recursion: the source may be nested as deeply as its author likes.
    todo: list[ast.AST] = [tree]
    while todo:
        node = todo.pop()
        yield node
        todo += reversed([child for child in _children(node) if not _is_skipped(child)])


def _children(node: ast.AST) -> Iterator[ast.AST]:
    unseen = {"annotation", "returns", "decorator_list"}
    if isinstance(node, ast.Raise):
        return  # its words are for a person
    for name, value in ast.iter_fields(node):
        if name in unseen:
            continue
        if isinstance(value, ast.AST):
            yield value
        elif isinstance(value, list):
            yield from (each for each in value if isinstance(each, ast.AST))  # pyright: ignore[reportUnknownVariableType]  # fields of nodes have no types


def _is_skipped(node: ast.AST) -> bool:
    # Positions inside of an f-string are wrong before Python 3.12, and patterns are no expressions.
    if isinstance(node, ast.JoinedStr | ast.pattern | ast.Import | ast.ImportFrom):
        return True
    return isinstance(node, ast.Expr) and (
        isinstance(node.value, ast.Constant) or _only_says(node.value)
    )


def _only_says(node: ast.expr) -> bool:
    if not isinstance(node, ast.Call):
        return False
    called = node.func
    name = called.attr if isinstance(called, ast.Attribute) else getattr(called, "id", "")
    return name in _SAYS


class _Reader:
    def __init__(self, source: bytes) -> None:
        self.source = source
        self.lines = Lines(source)

    def edits(self, node: ast.AST) -> Iterator[Edit]:
        for kind, make in _MAKERS:
            if isinstance(node, kind):
                yield from make(self, node)

    def compare(self, node: ast.Compare) -> Iterator[Edit]:
        old, new = _COMPARISONS[type(node.ops[0])]
        sides = [self._text(each) for each in (node.left, *node.comparators)]
        rest = [b" %s %s" % (_COMPARISONS[type(op)][0].encode(), side)
                for op, side in zip(node.ops[1:], sides[2:], strict=True)]  # fmt: skip
        text = b"(%s %s %s%s)" % (sides[0], new.encode(), sides[1], b"".join(rest))
        yield self._edit("comparison", node, text, text=f"`{old}` became `{new}`")

    def join(self, node: ast.BoolOp) -> Iterator[Edit]:
        old, new = ("and", "or") if isinstance(node.op, ast.And) else ("or", "and")
        text = f" {new} ".encode().join(self._text(each) for each in node.values)
        yield self._edit("boolean", node, b"(%s)" % text, text=f"`{old}` became `{new}`")

    def negation(self, node: ast.UnaryOp) -> Iterator[Edit]:
        if isinstance(node.op, ast.Not):
            yield self._edit("boolean", node, self._text(node.operand), text="`not` is left out")

    def arithmetic(self, node: ast.BinOp) -> Iterator[Edit]:
        if type(node.op) not in _ARITHMETIC or any(map(_is_text, (node.left, node.right))):
            return  # on a text it would only be an error
        old, new = _ARITHMETIC[type(node.op)]
        text = b"(%s %s %s)" % (self._text(node.left), new.encode(), self._text(node.right))
        yield self._edit("arithmetic", node, text, text=f"`{old}` became `{new}`")

    def constant(self, node: ast.Constant) -> Iterator[Edit]:
        value = node.value
        if isinstance(value, bool):
            new = repr(not value)
            yield self._edit("boolean", node, new.encode(), text=f"`{value}` became `{new}`")
        elif isinstance(value, int | float):
            shown = self._shown(node)
            text = b"(%s + 1)" % self._text(node)
            yield self._edit("constant", node, text, text=f"`{shown}` became `{shown} + 1`")
        elif isinstance(value, str):
            new = "''" if value else "'mutant'"
            text = f"`{self._shown(node)}` became `{new}`"
            yield self._edit("text", node, b" %s " % new.encode(), text=text)

    def condition(self, node: ast.If | ast.IfExp) -> Iterator[Edit]:
        # A negated comparison or negation is one of the other mutants.
        if not isinstance(node.test, ast.Compare | ast.UnaryOp):
            text = b"(not %s)" % self._text(node.test)
            yield self._edit("condition", node.test, text, text="the condition is negated")

    def returned(self, node: ast.Return) -> Iterator[Edit]:
        if node.value is not None and not _is_none(node.value):
            yield self._edit("return_value", node, b"return None", text="nothing is returned")

    def statement(self, node: ast.stmt) -> Iterator[Edit]:
        if isinstance(node, ast.Expr) and not isinstance(node.value, ast.Call | ast.Await):
            return
        text = f"`{self._shown(node)}` is left out"
        yield self._edit("dropped_statement", node, b"pass", text=text)

    def _text(self, node: ast.AST) -> bytes:
        return b"(%s)" % self.source[slice(*self._span(node))]

    def _shown(self, node: ast.AST) -> str:
        words = self.source[slice(*self._span(node))].decode(errors="replace").split()
        text = " ".join(words)
        return text if len(text) <= _LONGEST_SHOWN else f"{text[: _LONGEST_SHOWN - 1]}…"

    def _span(self, node: ast.AST) -> tuple[int, int]:
        assert isinstance(node, ast.expr | ast.stmt)
        start = self.lines.offset(node.lineno, node.col_offset)
        return start, self.lines.offset(node.end_lineno or 1, node.end_col_offset or 0)

    def _edit(self, kind: MutantKind, node: ast.AST, new: bytes, *, text: str) -> Edit:
        start, end = self._span(node)
        assert isinstance(node, ast.expr | ast.stmt)
        return Edit(kind=kind, line=node.lineno, start=start, end=end, new=new, text=text)


def _is_text(node: ast.expr) -> bool:
    return isinstance(node, ast.JoinedStr) or (
        isinstance(node, ast.Constant) and isinstance(node.value, str | bytes)
    )


def _is_none(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value is None


_Make = Callable[[_Reader, "ast.AST"], Iterator[Edit]]
_MAKERS: Sequence[tuple[type[ast.AST] | tuple[type[ast.AST], ...], _Make]] = (
    (ast.Compare, _Reader.compare),
    (ast.BoolOp, _Reader.join),
    (ast.UnaryOp, _Reader.negation),
    (ast.BinOp, _Reader.arithmetic),
    (ast.Constant, _Reader.constant),
    ((ast.If, ast.IfExp), _Reader.condition),
    (ast.Return, _Reader.returned),
    ((ast.Expr, ast.AugAssign, ast.Raise), _Reader.statement),
)  # pyright: ignore[reportAssignmentType]  # each maker takes the nodes of its row
