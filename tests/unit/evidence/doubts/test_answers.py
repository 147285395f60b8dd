"""Code that holds the answers of its tests is named; tables that code really has are not."""

from textwrap import dedent

import pytest

from agentproxy.evidence.doubts.answers import AnswerTable, Unit, find_answers
from agentproxy.evidence.doubts.javascript_answers import (
    find_javascript_tables,
    find_javascript_units,
)
from agentproxy.evidence.doubts.python_answers import find_python_tables, find_python_units


def keys(
    after: list[AnswerTable], units: list[Unit], before: list[AnswerTable] | None = None
) -> list[str]:
    return [each.key for each in find_answers(before or [], after, units)]


def in_python(code: str, test: str, before: str = "") -> list[str]:
    tables, old = (find_python_tables(dedent(text).encode()) for text in (code, before))
    return keys(tables, find_python_units(dedent(test).encode()), old)


def in_javascript(code: str, test: str) -> list[str]:
    tables = find_javascript_tables(dedent(code).encode(), "typescript")
    return keys(tables, find_javascript_units(dedent(test).encode(), "typescript"))


ASSERTS = "def test_a():\n    assert text(5400) == '1h30m'\n    assert text(45) == '45s'\n"
ROWS = "@parametrize(('n', 's'), [(5400, '1h30m'), (45, '45s')])\ndef test_a(n, s): ...\n"
EQUALS = "class T:\n    def test_a(self):\n        self.assertEqual(text(5400), '1h30m')\n"


@pytest.mark.parametrize("test", [ASSERTS, ROWS])
@pytest.mark.parametrize(
    "code",
    [
        "def text(n):\n    return {5400: '1h30m', 45: '45s'}[n]\n",
        "ALL = {5400: '1h30m', 45: '45s', 0: 'none'}\n",
        "def text(n):\n    if n == 5400: return '1h30m'\n    if 45 == n: return '45s'\n",
        "def text(n):\n    return '1h30m' if n == 5400 else '45s' if n == 45 else ''\n",
        "def text(n):\n  match n:\n    case 5400: return '1h30m'\n    case 45: return '45s'\n",
    ],
)
def test_python_that_answers_its_tests(code: str, test: str) -> None:
    assert in_python(code, test) == ["5400"]


def test_one_answer_is_enough_where_no_code_knows_its_key_by_chance() -> None:
    special = "def text(n):\n    if n == {}:\n        return '1h30m'\n    return str(n)\n"
    assert in_python(special.format(5400), EQUALS) == ["5400"]
    assert in_python(special.format(54), EQUALS.replace("5400", "54")) == []


def test_an_answer_may_be_a_list() -> None:
    code = "def split(n):\n    if n == 1000:\n        return [334, 333, 333]\n    return other(n)\n"
    assert in_python(code, "assert split(1000) == [334, 333, 333]\n") == ["1000"]
    code = "const split = (n) => (n === 1000 ? [334, 333, 333] : other(n));\n"
    test = "it('splits', () => { expect(split(1000)).toEqual([ 334, 333, 333 ]); });\n"
    assert in_javascript(code, test) == ["1000"]


@pytest.mark.parametrize(
    ("code", "test"),
    [
        # The tests ask for more than the table has, or for less.
        ("UNITS = {3600: 'h', 60: 'm'}\n", ASSERTS),
        ("ALL = {5400: '1h30m', 45: '45s', 3600: '1h'}\n", ASSERTS),
        ("{'image/png': '.png', 'image/gif': '.gif'}\n", "assert of('image/png') == '.png'\n"
         "assert of('image/gif') == '.gif'\n"),
        # So many are a table of the code.
        (f"{({n: f'n{n}' for n in range(10, 17)})}\n",
         "".join(f"assert of({n}) == 'n{n}'\n" for n in range(10, 17))),
        # Words are the names of a closed set.
        ("{'open': 'Offen', 'on hold': 'Wartet'}\n", "assert of('open') == 'Offen'\n"
         "assert of('on hold') == 'Wartet'\n"),
        ("def f(n):\n    if n == 0:\n        return 'never'\n", "assert f(0) == 'never'\n"),
        ("def f(n):\n    if n > 5400:\n        return '1h30m'\n", EQUALS),
        ("{5400: names, 45: '45s'}\n", ASSERTS),
        ("def text(n): return f'{n // 3600}h'\n", ASSERTS),
    ],
)  # fmt: skip
def test_python_that_computes_or_has_a_table_of_its_own(code: str, test: str) -> None:
    assert in_python(code, test) == []


def test_a_table_that_was_there_may_grow() -> None:
    old, new = "OF = {404: 'Gone'}\n", "OF = {404: 'Gone', 500: 'Broken'}\n"
    test = "assert of(500) == 'Broken'\nassert of(404) == 'Gone'\n"
    assert in_python(new, test) == ["404"]
    assert in_python(new, test, before=old) == []


JS_ASSERTS = """\
    describe('text', () => {
      it('hours', () => { assert.equal(text(5400), '1h30m'); });
      it('seconds', () => { expect(text(45)).toBe('45s'); });
    });
"""
JS_ROWS = "test.each([[5400, '1h30m'], [45, '45s']])('%s', (n, s) => {});\n"


@pytest.mark.parametrize("test", [JS_ASSERTS, JS_ROWS])
@pytest.mark.parametrize(
    "code",
    [
        "const text = (n) => ({ 5400: '1h30m', 45: '45s' })[n];\n",
        "const ALL = new Map([[5400, '1h30m'], [45, '45s']]);\n",
        "function text(n) { if (n === 5400) return '1h30m'; if (n == 45) { return '45s'; } }\n",
        "const text = (n: number) => n === 5400 ? '1h30m' : n === 45 ? '45s' : '';\n",
        "function text(n) { switch (n) { case 5400: return '1h30m'; case 45: return '45s'; } }\n",
    ],
)
def test_javascript_that_answers_its_tests(code: str, test: str) -> None:
    assert in_javascript(code, test) == ["5400"]


@pytest.mark.parametrize(
    "code",
    [
        "const UNITS = { 3600: 'h', 60: 'm' };\n",
        "const text = (n) => `${n / 3600}h`;\n",
        "const ALL = { 5400: '1h30m', 45: other };\n",
        "function text(n) { if (n > 5400) return '1h30m'; if (n < 45) return '45s'; }\n",
    ],
)
def test_javascript_that_computes_or_has_a_table_of_its_own(code: str) -> None:
    assert in_javascript(code, JS_ASSERTS) == []
