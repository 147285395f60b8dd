"""Stubs keep every name that a claim brings, and none of its behaviour."""

from textwrap import dedent
from typing import Any

import pytest

from agentproxy.evidence.falsification.stubs.javascript_functions import find_javascript_functions
from agentproxy.evidence.falsification.stubs.parsers import restore_names
from agentproxy.evidence.falsification.stubs.python_functions import find_python_functions
from agentproxy.evidence.falsification.stubs.stubs import CannotParse, NewBody, stub_functions


def python(before: str, after: str, new: NewBody = "nothing") -> str:
    texts = [dedent(text).encode() for text in (before, after)]
    stubbed = stub_functions(*texts, new=new, find_functions=find_python_functions).text
    find_python_functions(stubbed)
    return stubbed.decode()


def run(source: str) -> dict[str, Any]:
    names: dict[str, Any] = {}
    exec(source, names)
    return names


def javascript(before: str, after: str, new: NewBody = "nothing") -> str:
    return stub_functions(
        before.encode(),
        after.encode(),
        new=new,
        find_functions=lambda source: find_javascript_functions(source, "javascript"),
    ).text.decode()


def test_a_function_with_its_old_signature_gets_the_body_of_the_base() -> None:
    stubbed = python("def f(a):\n    return a\n", "def f(a):\n    b = a + 1\n    return b\n")
    assert run(stubbed)["f"](1) == 1


def test_a_new_function_returns_nothing_or_raises() -> None:
    after = 'def f(a):\n    """Adds."""\n    return a + 1\n'
    assert run(python("", after))["f"](1) is None
    with pytest.raises(NotImplementedError):
        run(python("", after, "raises"))["f"](1)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("a", "a, b=1"),
        ("a, /", "a, /, b=1"),
        ("a=2", "a=2, *, b"),
        ("*a", "*a, b=1"),
        ("a", "a: int, **b"),
    ],
)
def test_a_function_with_more_parameters_does_what_it_did(before: str, after: str) -> None:
    stubbed = python(f"def f({before}):\n    return a\n", f"def f({after}):\n    return a, b\n")
    assert "return a\n" in stubbed


@pytest.mark.parametrize(
    ("before", "after"),
    [("a", "b"), ("a=1", "a=2"), ("a, b", "b, a"), ("a, b", "a, *, b"), ("a", "*a"), ("a, b", "a")],
)
def test_other_parameters_make_a_function_new(before: str, after: str) -> None:
    stubbed = python(f"def f({before}):\n    return a\n", f"def f({after}):\n    return 2\n")
    assert "return None" in stubbed


def test_a_coroutine_has_no_body_of_a_plain_function() -> None:
    assert "return None" in python("def f():\n    return 1\n", "async def f():\n    return 2\n")


def test_annotations_comments_and_docstrings_make_nothing_new() -> None:
    before = "def f(a):\n    return a\n"
    after = 'def f(a: int) -> int:\n    """Says it."""\n    # a reason\n    return a\n'
    assert python(before, after) == after


@pytest.mark.parametrize(
    "after",
    [
        'def f(a):\n    """Says it."""\n    return a + 1\n',
        'def f(a):\n    """Says it."""\n',
        'def f(a):\n    "Says it."\n\n    @print\n    def g(): ...\n',
    ],
)
def test_a_docstring_is_no_result_and_stays(after: str) -> None:
    for before in ("", "def f(a): return a\n", 'def f(a):\n    "Another."\n    return a\n'):
        function = run(python(before, after))["f"]
        assert function.__doc__ == "Says it."
        assert function(1) == (1 if before else None)


def test_constants_classes_and_imports_stay() -> None:
    after = "import os\nLIMIT = 3\nclass A:\n    size = LIMIT\n    def f(self): return os.name\n"
    names = run(python("", after))
    assert (names["LIMIT"], names["A"].size) == (3, 3)
    assert names["A"]().f() is None


@pytest.mark.parametrize(
    ("before", "after", "value"),
    [
        ("def f(): return 1\n", "def f():\n    x = 2\n    return x\n", 1),
        ("def f():\n    x = 1\n    return x\n", "def f(): return 2\n", 1),
        ("def f():\n  return 1\n", "def f():\n        return 2\n", 1),
        ("def f(): return 1\n", "def f(): return 2 ; 'end'\n", 1),
        ("def f():\r\n    return 1\r\n", "def f():\r\n    return 2\r\n", 1),
        ("def f():\n    return 'ä' + 'b'\n", "def f():\n    return 'äö' + 'b'\n", "äb"),
    ],
)
def test_a_body_is_replaced_however_it_is_laid_out(before: str, after: str, value: object) -> None:
    assert run(python(before, after))["f"]() == value


def test_a_generator_stays_one() -> None:
    after = "def f():\n    yield 1\n"
    assert list(run(python("", after))["f"]()) == []
    made = run(python("", after, "raises"))["f"]()
    with pytest.raises(NotImplementedError):
        next(made)


def test_a_property_and_its_setter_are_two_functions() -> None:
    text = """\
        class A:
            @property
            def x(self):
                return {0}
            @x.setter
            def x(self, value):
                self.y = {1}
        """
    stubbed = python(text.format(1, "value"), text.format(2, "value"))
    a = run(stubbed)["A"]()
    a.x = 5
    assert (a.x, a.y) == (1, 5)


def test_a_body_that_begins_with_a_decorated_function_is_replaced_whole() -> None:
    before = "def f():\n    return 1\n"
    after = "def f():\n    @staticmethod\n    def g(): return 2\n    return g()\n"
    assert run(python(before, after))["f"]() == 1


def test_python_that_cannot_be_parsed_says_so() -> None:
    for hostile in ("def f(:\n", "(" * 10_000, "x = 1\0"):
        with pytest.raises(CannotParse):
            python("", hostile)


@pytest.mark.parametrize(
    ("before", "after", "stubbed"),
    [
        (
            "function f(a) { return a; }",
            "function f(a) { return a + 1; }",
            "function f(a) { return a; }",
        ),
        ("", "export function f(a) { return 1; }", "export function f(a) { return undefined; }"),
        ("", "const f = (a) => a + 1;", "const f = (a) => { return undefined; };"),
        ("const f = (a) => a;", "const f = (a) => ({ a });", "const f = (a) => a;"),
        ("", "module.exports = { f(a) { return 1; } };",
         "module.exports = { f(a) { return undefined; } };"),
        ("", "exports.f = function (a) { return 1; };",
         "exports.f = function (a) { return undefined; };"),
        ("", "class B extends A { constructor(a) { super(a); this.a = a; } }",
         "class B extends A { constructor(a) { super(...arguments);  } }"),
        ("function f() { return 1; }", "function f() { // why\n  return 1; }",
         "function f() { // why\n  return 1; }"),
        ("", "on('x', () => 1);", "on('x', () => 1);"),
        ("function f(a) { return a; }", "function f(a, { b = 1 } = {}) { return b; }",
         "function f(a, { b = 1 } = {}) { return a; }"),
        ("const f = a => a;", "const f = (a, b) => b;", "const f = (a, b) => a;"),
        ("function f(a = 1) { return a; }", "function f(a = 2) { return 3; }",
         "function f(a = 2) { return undefined; }"),
        ("function f() { return 1; }", "async function f() { return 2; }",
         "async function f() { return undefined; }"),
    ],
)  # fmt: skip
def test_javascript_is_stubbed_as_python_is(before: str, after: str, stubbed: str) -> None:
    assert javascript(before, after) == stubbed


def test_typescript_keeps_its_types() -> None:
    after = b"export function f(a: number): number { return a; }\nabstract class A { g(): void; }"
    stubbed = stub_functions(
        b"",
        after,
        new="nothing",
        find_functions=lambda source: find_javascript_functions(source, "typescript"),
    )
    assert b"f(a: number): number { return undefined as any; }" in stubbed.text


def test_what_a_body_of_the_base_needs_comes_back() -> None:
    before = dedent("""\
        from math import sqrt
        TRUE = {"1"}
        @staticmethod
        def lowered(text):
            return text.lower() in TRUE
        def f(text):
            return lowered(text)
        """)
    after = "def f(text):\n    return text == '1'"
    stubbed = restore_names("a.py", before.encode(), python(before, after).encode()).decode()
    assert run(stubbed)["f"]("1") is True
    assert "sqrt" not in stubbed
    assert stubbed.index("TRUE = ") < stubbed.index("@staticmethod")
    assert restore_names("a.py", b"def f(:", after.encode()) == after.encode()
    with pytest.raises(CannotParse):
        restore_names("a.py", before.encode(), b"def f(:")


def test_what_a_body_of_the_base_needs_comes_back_in_javascript_too() -> None:
    before = (
        "import id, { b as c } from './id.js';\nimport { d, e } from './d.js';\n"
        "export const SIZE = id(c);\nfunction f() { return [SIZE, d]; }\n"
    )
    after = "import { e } from './d.js';\nfunction f() { return e; }"
    stubbed = javascript(before, after)
    restored = restore_names("a.js", before.encode(), stubbed.encode()).decode()
    lines = restored.splitlines()
    # A statement that would give a name for the second time stays away.
    assert lines[2:] == ["import id, { b as c } from './id.js';", "const SIZE = id(c);"]
    assert restore_names("a.js", b"function (", after.encode()) == after.encode()


def test_javascript_that_cannot_be_parsed_says_so() -> None:
    with pytest.raises(CannotParse):
        javascript("", "function f( {")


def test_lambdas_with_a_name_are_stubs() -> None:
    after = "f = lambda a: a + 1\nTABLE = {'f': lambda a: a + 2, 'g': 3}\n"
    names = run(python("", after))
    assert (names["f"](1), names["TABLE"]["f"](1), names["TABLE"]["g"]) == (None, None, 3)
    with pytest.raises(NotImplementedError):
        run(python("", after, "raises"))["f"](1)
    names = run(python(after, after.replace("a + 1", "a + 5").replace("a + 2", "(a,\n 7)")))
    assert (names["f"](1), names["TABLE"]["f"](1)) == (2, 3)


def test_a_constant_of_the_base_has_its_old_value_and_a_new_one_stays() -> None:
    before = "class A:\n    SIZE = 1\nRATES = {'a': 1}\n"
    after = "class A:\n    SIZE = 2\nRATES = {'a': 2,\n 'b': 3}\nNEW = 4\n"
    names = run(python(before, after))
    assert (names["A"].SIZE, names["RATES"], names["NEW"]) == (1, {"a": 1}, 4)


def test_what_is_exported_stays() -> None:
    before = "__all__ = ['old']\ndef old(): return 1\n"
    after = "__all__ = ['old', 'Missing', 'new']\nclass Missing(Exception): pass\n" + before[18:]
    assert "'Missing'" in python(before, after)


@pytest.mark.parametrize(
    ("before", "after", "value"),
    [
        ("T = {'a': a}\n", "def b(): return 1\nT = {'a': a, 'b': b}\n", "{'a': a, 'b': b}"),
        ("T = [a]\n", "class B:\n    def f(self): return 1\nT = [a, B]\n", "[a, B]"),
        ("T = ['a']\n", "def b(): return 1\nT = ['a', 'b']\n", "['a', 'b']"),
        ("T = ['b']\n", "def b(): return 1\nT = ['b', 'c']\n", "['b']"),
        ("def b(): return 1\nT = ['a']\n", "def b(): return 2\nT = ['a', 'b']\n", "['a']"),
    ],
)
def test_a_constant_stays_where_a_new_function_is_reached_by_it(
    before: str, after: str, value: str
) -> None:
    known = "def a(): pass\n"
    names = run(python(known + before, known + after))
    assert names["T"] == eval(value, names)


def test_a_table_of_javascript_stays_where_a_new_function_is_reached_by_it() -> None:
    before = "const all = { a };\nmodule.exports = all;\n"
    after = "function b() { return 1; }\nconst all = { a, b };\nmodule.exports = all;\n"
    assert "{ a, b }" in javascript(before, after)
    assert "{ a }" in javascript(before, after.replace("function b() { return 1; }", "b = 1;"))


def test_a_value_that_needs_a_name_that_is_gone_stays() -> None:
    before = "def _old(): pass\nTABLE = {'a': _old}\n"
    after = "def _new(): pass\nTABLE = {'a': _new}\n"
    assert "_old" not in python(before, after)


def test_javascript_constants_and_wrapped_functions_are_taken_back() -> None:
    before = "const RATES = { a: 1 };\nexport const F = memo((a) => a + RATES.a);\n"
    after = before.replace("a: 1", "a: 2, b: 3").replace("a + RATES.a", "a * RATES.b")
    assert javascript(before, after) == before
    assert javascript("", before) == before.replace("a + RATES.a", "{ return undefined; }")


BEFORE = (
    "function make(n) {\n  var self = { a: a };\n  return self;\n  function a() { return n; }\n}\n"
)


@pytest.mark.parametrize(
    "after",
    [
        BEFORE.replace("a: a", "a: a, b: b").replace("  f", "  function b() { return 1; }\n  f"),
        BEFORE.replace("a: a", "a: a, b").replace("  f", "  const b = () => { return 1; };\n  f"),
        BEFORE.replace("a: a", "a: a, b() { return 1; }"),
        BEFORE.replace("a: a", "a: a, b: function () { return 1; }"),
        BEFORE.replace("  return s", "  self.b = function () { return 1; };\n  return s"),
        BEFORE.replace("  return s", "  self.b = b;\n  function b() { return 1; }\n  return s"),
    ],
)
def test_a_function_that_is_newly_handed_out_by_another_one_is_the_stub(after: str) -> None:
    assert javascript(BEFORE, after) == after.replace("{ return 1; }", "{ return undefined; }")


@pytest.mark.parametrize(
    "after",
    [
        BEFORE.replace("return n", "return n + 1"),
        BEFORE.replace("return self", "return helper(self);\n  function helper(x) { return x; }"),
        BEFORE.replace("return self", "return call({ done() { return 1; } })"),
    ],
)
def test_a_function_that_hands_out_what_it_did_gets_its_old_body(after: str) -> None:
    assert javascript(BEFORE, after) == BEFORE


@pytest.mark.parametrize(
    "kept",
    [
        "const a = require('b');\n",
        "const ids = list.map((each) => each.id);\n",
        "app.get('/', (request, response) => response.send(1));\n",
    ],
)
def test_calls_that_run_while_the_file_is_loaded_have_no_stub(kept: str) -> None:
    assert javascript("", kept) == kept
