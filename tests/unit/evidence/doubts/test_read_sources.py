"""What the parsers see in changed files: new code that only tests use, promises nobody awaits."""

import base64
from textwrap import dedent

import pytest

from agentproxy.evidence.doubts.read_sources import read_sources
from agentproxy.evidence.doubts.source_request import SentFile, SourceAnswer

Sides = tuple[str | None, str | None]

LIB = "def total(rows):\n    return sum(rows)\n"
EXPORT = LIB + "\n\ndef export_csv(rows):\n    return ','.join(rows)\n"
CLI = "from lib import total\n\n\ndef main(args):\n    print(total(args))\n\n\nmain([])\n"
TEST = "from lib import export_csv\n\n\ndef test_it():\n    assert export_csv([]) == ''\n"
JS_LIB = "function total(rows) { return rows.length }\n"
JS_EXPORT = JS_LIB + "function exportCsv(rows) { return rows.join(',') }\n"
JS_TEST = "const { exportCsv } = require('../lib')\ntest('x', () => assert(exportCsv([])))\n"


def encoded(text: str | None) -> str | None:
    return None if text is None else base64.b64encode(dedent(text).encode()).decode()


def read(code: dict[str, Sides], tests: dict[str, Sides] | None = None) -> SourceAnswer:
    files = [
        SentFile(path=path, before=encoded(before), after=encoded(after), is_test=is_test)
        for is_test, sides in ((False, code), (True, tests or {}))
        for path, (before, after) in sides.items()
    ]
    return read_sources(files)


def unreached(code: dict[str, Sides], test: str = TEST) -> list[str]:
    return list(read(code, {"tests/test_lib.py": (None, test)}).unreached)


def test_a_new_function_that_only_a_test_calls_is_named() -> None:
    assert unreached({"lib.py": (LIB, EXPORT)}) == ["export_csv"]
    assert unreached({"lib.py": (None, EXPORT)}, TEST) == ["export_csv"]


@pytest.mark.parametrize(
    ("path", "after"),
    [
        ("pkg/__init__.py", "from pkg.lib import export_csv\n\n__all__ = ['export_csv']\n"),
        ("pkg/__init__.py", "from pkg.lib import export_csv as export_csv\n"),
        ("README.md", "Call export_csv.\n"),
        ("CHANGELOG.md", "- export_csv\n"),
    ],
)
def test_who_only_hands_it_on_or_speaks_of_it_does_not_use_it(path: str, after: str) -> None:
    assert unreached({"lib.py": (LIB, EXPORT), path: ("", after)}) == ["export_csv"]


@pytest.mark.parametrize(
    ("path", "after"),
    [
        ("cli.py", CLI.replace("total(args)", "export_csv(args)")),
        ("cli.py", CLI + "from lib import export_csv as e\ne([])\n"),
        ("cli.py", CLI + "COMMANDS = {'csv': 'lib.export_csv'}\n"),
        ("pyproject.toml", "[project.scripts]\ncsv = 'lib:export_csv'\n"),
        ("urls.yaml", "/csv: lib.export_csv\n"),
    ],
)
def test_a_use_in_any_changed_file_joins_it_to_the_program(path: str, after: str) -> None:
    assert unreached({"lib.py": (LIB, EXPORT), path: (CLI, after)}) == []


@pytest.mark.parametrize(
    "added",
    [
        "@app.command()\ndef export_csv(rows): ...\n",
        "@router.get('/csv')\nasync def export_csv(rows): ...\n",
        "class export_csv(Command): ...\n",
        "class export_csv(metaclass=Registry): ...\n",
        "def export_csv(rows): ...\n\nHANDLERS = [export_csv]\n",
        "def export_csv(rows): ...\n\nif __name__ == '__main__':\n    export_csv([])\n",
    ],
)
def test_what_registers_itself_is_used(added: str) -> None:
    assert unreached({"lib.py": (LIB, f"{LIB}\n\n{added}")}) == []


@pytest.mark.parametrize(
    "added",
    [
        "@lru_cache(maxsize=1)\ndef export_csv(rows): ...\n",
        "@dataclass\nclass export_csv:\n    rows: int\n",
        "class export_csv(Exception): ...\n",
        "def export_csv(rows):\n    return export_csv(rows[1:])\n",  # it only calls itself
    ],
)
def test_what_registers_nothing_is_not(added: str) -> None:
    assert unreached({"lib.py": (LIB, f"{LIB}\n\n{added}")}) == ["export_csv"]


def test_a_helper_of_tests_beside_code_that_is_used_is_no_matter() -> None:
    after = EXPORT + "\n\ndef reset():\n    pass\n\n\nprint(export_csv([]))\n"
    test = TEST + "\n\ndef test_reset():\n    reset()\n"
    assert unreached({"lib.py": (LIB, after)}, test) == []


@pytest.mark.parametrize("name", ["main", "lambda_handler", "pytest_configure", "setup"])
def test_a_name_that_frameworks_call_is_used(name: str) -> None:
    after = EXPORT.replace("export_csv", name)
    assert unreached({"lib.py": (LIB, after)}, TEST.replace("export_csv", name)) == []


@pytest.mark.parametrize("path", ["app/commands/csv.py", "web/pages/csv.tsx", "api/csv.py"])
def test_a_new_file_in_a_folder_that_is_searched_is_used(path: str) -> None:
    text = EXPORT if path.endswith(".py") else "export const export_csv = () => 1\n"
    assert unreached({path: (None, text)}) == []


def test_older_names_of_its_kind_are_told() -> None:
    after = "def do_quit(): ...\n\n\ndef other(): ...\n\n\ndef do_csv(): ...\n"
    before = after.replace("def do_csv(): ...\n", "")
    found = read({"a.py": (before, after)}, {"tests/test_a.py": (None, "do_csv()\n")})
    assert found.unreached == {"do_csv": ("do_quit",)}


@pytest.mark.parametrize(
    ("end", "named"),
    [
        ("module.exports = { total, exportCsv }\n", True),
        ("exports.exportCsv = exportCsv\n", True),
        ("export { total, exportCsv }\n", True),
        ("module.exports = exportCsv\n", False),
        ("export default exportCsv\n", False),
        ("program.command('csv').action(exportCsv)\n", False),
        ("module.exports = { commands: [exportCsv] }\n", False),
    ],
)
def test_exports_of_javascript_use_nothing(end: str, named: bool) -> None:
    found = unreached({"lib.js": (JS_LIB, JS_EXPORT + end)}, JS_TEST)
    assert found == (["exportCsv"] if named else [])


@pytest.mark.parametrize(
    ("cli", "named"),
    [
        ("const { total, exportCsv } = require('./lib')\ntotal()\n", True),
        ("const { exportCsv: e } = require('./lib')\ne()\n", False),
        ("import { exportCsv as e } from './lib'\ne()\n", False),
        ("import { exportCsv } from './lib'\n", True),
        ("import * as lib from './lib'\nlib.exportCsv()\n", False),
    ],
)
def test_an_import_alone_uses_nothing(cli: str, named: bool) -> None:
    code: dict[str, Sides] = {"lib.js": (JS_LIB, JS_EXPORT), "cli.js": ("total()\n", cli)}
    assert unreached(code, JS_TEST) == (["exportCsv"] if named else [])


@pytest.mark.parametrize(
    "text",
    [
        "exports.exportCsv = rows => rows.join(',')\n",
        "export const exportCsv = (rows) => rows.join(',')\n",
        "export class exportCsv {}\n",
        "export async function exportCsv(rows) {}\n",
    ],
)
def test_new_javascript_is_found_in_any_form(text: str) -> None:
    assert unreached({"lib.js": (JS_LIB, JS_LIB + text)}, JS_TEST) == ["exportCsv"]


def unawaited(code: str, test: str, *, before: str = "", kind: str = "py") -> list[str]:
    name = f"tests/test_a.{kind}" if kind == "py" else f"a.test.{kind}"
    found = read({f"src/a.{kind}": ("", code)}, {name: (dedent(before) or None, test)})
    return [f"{each.test}: {each.what}" for each in found.unawaited]


FETCH = "async def fetch():\n    return 1\n"


@pytest.mark.parametrize(
    ("test", "seen"),
    [
        ("def test_a():\n    fetch()\n", ["test_a: fetch"]),
        ("def test_a():\n    assert fetch()\n", ["test_a: fetch"]),
        ("def test_a():\n    assert fetch() is not None\n", ["test_a: fetch"]),
        ("async def test_a():\n    await fetch()\n", []),
        ("def test_a():\n    assert asyncio.run(fetch()) == 1\n", []),
        ("def test_a():\n    made = fetch()\n    assert loop.run(made) == 1\n", []),
        ("async def test_a():\n    task = create_task(fetch())\n    await task\n", []),
        ("def test_a():\n    fetch = sync()\n    assert fetch() == 1\n", []),
        ("def test_a(fetch):\n    assert fetch() == 1\n", []),
        ("async def test_a():\n    assert await fetch() == 1\n", []),
    ],
)
def test_a_coroutine_that_no_test_awaits_is_named(test: str, seen: list[str]) -> None:
    assert unawaited(FETCH, f"from a import fetch\n\n\n{test}") == seen


def test_only_new_tests_are_asked_and_only_plain_coroutines() -> None:
    test = "from a import fetch\n\n\ndef test_a():\n    fetch()\n"
    assert unawaited(FETCH, test, before=test) == []
    assert unawaited("@sync\n" + FETCH, test) == []
    assert unawaited(FETCH.replace("return", "yield"), test) == []
    assert unawaited(FETCH, test.replace("from a import fetch", "import b")) == []


@pytest.mark.parametrize(
    ("head", "base", "seen"),
    [
        ("import unittest", "unittest.TestCase", ["test_a: "]),
        ("from unittest import TestCase", "TestCase", ["test_a: "]),
        ("import unittest", "unittest.IsolatedAsyncioTestCase", []),
        ("from django.test import TestCase", "TestCase", []),
        ("from base import Case", "Case", []),
    ],
)
def test_an_async_test_of_a_plain_case_is_awaited_by_nobody(
    head: str, base: str, seen: list[str]
) -> None:
    test = f"{head}\n\n\nclass A({base}):\n    async def test_a(self):\n        assert False\n"
    assert unawaited(FETCH, test) == seen


@pytest.mark.parametrize(
    ("body", "seen"),
    [
        ("load().then(x => assert.equal(x, 1))", ["load()"]),
        ("expect(load()).rejects.toThrow()", ["expect(load()).rejects.toThrow()"]),
        ("assert.rejects(load())", ["assert.rejects(load())"]),
        ("expect(load()).to.eventually.equal(1)", ["expect(load()).to.eventually.equal(1)"]),
        ("load()", ["load"]),
        ("return load().then(x => assert.equal(x, 1))", []),
        ("expect.assertions(1); load().then(x => expect(x).toBe(1))", []),
        ("cy.visit('/').then(() => { expect(1).to.equal(1) })", []),
        ("other().then(x => log(x))", []),
        ("const p = load().then(x => assert.equal(x, 1)); return p", []),
        ("assert.throws(() => load())", []),
        ("expect(load()).resolves", []),
    ],
)
def test_a_promise_that_no_test_awaits_is_named(body: str, seen: list[str]) -> None:
    code = "export async function load() { return 1 }\n"
    test = f"test('loads', () => {{ {body} }})\n"
    assert unawaited(code, test, kind="js") == [f"loads: {each}" for each in seen]
    assert unawaited(code, test, before=test, kind="js") == []
    if not body.startswith("return"):
        awaited = test.replace("() => {", "async () => {").replace(body, f"await {body}")
        assert unawaited(code, awaited, kind="js") == []


@pytest.mark.parametrize(
    "test",
    [
        "test('x', done => { load().then(x => { assert.equal(x, 1); done() }) })\n",
        "test('x', (t, done) => { load().then(() => assert.ok(1)) })\n",
        "test('x', () => load().then(x => assert.equal(x, 1)))\n",
        "test('x', async () => { await load().then(x => assert.equal(x, 1)) })\n",
        "setup('x', () => { load().then(x => assert.equal(x, 1)) })\n",
    ],
)
def test_tests_that_wait_in_another_way_are_not(test: str) -> None:
    assert unawaited("export const load = async () => 1\n", test, kind="js") == []


def test_a_file_that_cannot_be_parsed_says_only_that() -> None:
    found = read({"a.py": (LIB, "def f(:\n"), "b.bin": (None, "\0")}, {"test_a.py": (None, "(")})
    assert list(found.broken) == ["a.py"]
    assert (found.unawaited, found.unreached) == ((), {})
