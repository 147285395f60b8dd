"""Which changed files may be why a check is proven."""

import pytest

from agentproxy.events.git_facts import Change
from agentproxy.events.verdict import CheckVerdict
from agentproxy.evidence.integrity import find_deciding_files
from agentproxy.evidence.runner_settings import settings_changed

PROVEN = CheckVerdict(
    check="c",
    finding="proven",
    reason_code="fixed",
    reason="fixed",
    fixed=("lib/checks.py::test_a",),
)
DOCTEST = PROVEN.model_copy(update={"fixed": ("src/a.py::src.a.add",)})


def decides(path: str, verdict: CheckVerdict = PROVEN, *, added: bool = False) -> bool:
    change = Change(path=path, status="added" if added else "modified")
    return bool(find_deciding_files([change], verdict, command="pytest -q"))


@pytest.mark.parametrize(
    "path",
    [
        *("test_calc.py", "pkg/calc_test.py", "tests/data/golden.json", "app/tests.py"),
        *("src/date.test.ts", "date.spec.js", "src/__tests__/date.js", "pkg/a_test.go"),
        *("lib/checks.py", "spec/a_spec.rb", "src/ATest.java"),
    ],
)
def test_tests_decide_where_the_base_had_them(path: str) -> None:
    assert decides(path)
    by_trials = PROVEN.model_copy(update={"reason_code": "falsified"})
    assert not decides(path, by_trials, added=True)


@pytest.mark.parametrize(
    "path",
    [
        *("conftest.py", "tests/conftest.py", "pytest.ini", ".pytest.ini", "tox.ini", "setup.cfg"),
        *("pom.xml", "app/build.gradle.kts", "gradle.properties", ".mvn/maven.config"),
        *("pyproject.toml", "web/package.json", "Makefile", "GNUmakefile", "vitest.config.ts"),
        *("sitecustomize.py", "pytest.py", "pytest/__init__.py", "_pytest/runner.py", "ruff.toml"),
        *("web/pnpm-workspace.yaml", "bunfig.toml", "deno.json", "deno.jsonc", "composer.json"),
        *("tsconfig.json", "tsconfig.test.json", "Cargo.toml", "go.mod", "go.work", "nx.json"),
        *("CMakeLists.txt", "src/App.csproj", "ci.runsettings", "karma.conf.js", "mix.exs"),
        *(".babelrc", ".swcrc", "vitest.workspace.ts", ".flake8", ".pre-commit-config.yaml"),
        *("pytest.toml", ".pytest.toml", "web/.npmrc", "tox.toml", "unittest.py", ".rspec"),
    ],
)
def test_settings_of_runners_decide_by_merely_being_there(path: str) -> None:
    assert decides(path)
    assert decides(path, added=True)


@pytest.mark.parametrize("path", ["calc.py", "src/latest.py", "contest.py", "src/spec/a.py"])
def test_code_decides_nothing_but_what_it_does(path: str) -> None:
    assert not decides(path)


@pytest.mark.parametrize(
    ("command", "looks"),
    [
        ("grep -q 'def test_more' test_calc.py", True),
        ("! grep -q skip test_calc.py", True),
        ("test -f test_calc.py", True),
        ("[ -f test_calc.py ]", True),
        ("grep -q add test_calc.py && pytest", False),
        ("test $(pytest -q)", False),
        ("grep -q passed <(pytest)", False),
        ("testing -q", False),
        ("python test_calc.py", False),
    ],
)
def test_a_check_that_only_looks_at_the_tests_asks_for_what_stands_there(
    command: str, *, looks: bool
) -> None:
    changes = [Change(path="test_calc.py", status="modified")]
    assert (find_deciding_files(changes, PROVEN, command=command) == ()) is looks


def test_an_example_in_the_code_is_no_file_of_tests() -> None:
    assert not decides("src/a.py", DOCTEST)


def test_of_lists_of_packages_only_what_runs_checks_decides() -> None:
    tool = b"[tool.pytest.ini_options]\naddopts = '-q'\n"
    packages = b"[project]\nname = 'x'\ndependencies = ['six']\n[tool.uv]\ndev = true\n"
    assert not settings_changed("pyproject.toml", tool, packages + tool)
    assert settings_changed("pyproject.toml", packages, packages + tool)
    assert settings_changed("pyproject.toml", None, tool)
    assert not settings_changed("pyproject.toml", None, packages)
    assert settings_changed("pyproject.toml", tool, b"no = toml = at all")
    assert settings_changed("pyproject.toml", tool, b"\xff")
    scripts = b'{"scripts": {"test": "true"}, "dependencies": {"a": "1"}}'
    assert not settings_changed("web/package.json", scripts, scripts.replace(b'"1"', b'"2"'))
    assert settings_changed("web/package.json", scripts, scripts.replace(b"true", b"node --test"))
    assert settings_changed("web/package.json", scripts, b"[" * 100_000)
    setup = b"[metadata]\nname = a\n[tool:pytest]\naddopts = -q\n"
    assert not settings_changed("setup.cfg", setup, setup.replace(b"= a\n", b"= b\n"))
    assert settings_changed("setup.cfg", setup, setup.replace(b"-q", b"-p cheat"))
    registry = b"registry=https://npm.example\n"
    assert not settings_changed(".npmrc", None, registry)
    assert settings_changed(".npmrc", registry, registry + b"script-shell = ./sh\n")
    assert settings_changed("conftest.py", b"", b"#")


@pytest.mark.parametrize(
    ("path", "before", "same", "other"),
    [
        ("composer.json", '{"scripts": {}}', '{"scripts": {}, "require": {}}', "{}"),
        ("deno.json", '{"tasks": {}}', '{"tasks": {}, "imports": {"x": "y"}}', "{}"),
        ("bunfig.toml", "[test]\n", "[test]\n[install]\nexact = true\n", ""),
        ("Cargo.toml", "", "[dependencies]\na = '1'\n", "[lib]\ntest = false\n"),
        ("Cargo.toml", "", "[workspace.dependencies]\n", "[package]\nautotests = false\n"),
        ("a/Cargo.toml", "", "[workspace.package]\n", "[workspace]\nexclude = ['a']\n"),
        ("go.mod", "module a\n", "module a\nrequire b v1\n", "module a\nreplace b => ./c\n"),
        (
            "pnpm-workspace.yaml",
            "packages:\n  - a\n",
            "packages:\n  - a\n\ncatalog:\n  react: ^19\n",
            "packages:\n  - a\n  - '!b'\n",
        ),
        (
            "pnpm-workspace.yaml",
            "packages:\n- a\ncatalog:\n  a: 1\n",
            "packages:\n- a\ncatalog:\n  a: 2\n",
            "packages:\n- b\ncatalog:\n  a: 1\n",
        ),
        (
            "package.json",
            '{"imports": {"#m": "./lib/m.js"}}',
            '{"imports": {"#m": "./lib/m.js", "#n": "./lib/n.js"}}',
            '{"imports": {"#m": "./test/m.js"}}',
        ),
    ],
)
def test_of_other_lists_of_packages_too(path: str, before: str, same: str, other: str) -> None:
    assert not settings_changed(path, before.encode(), same.encode())
    assert settings_changed(path, before.encode(), other.encode())


@pytest.mark.parametrize(
    ("path", "text", "patches"),
    [
        ("test_a.py", "import calc\n\ncalc.add = lambda a, b: a + b\n", True),
        ("test_a.py", "import calc\nsetattr(calc, 'add', fixed)\n", True),
        ("test_a.py", "import sys\nsys.modules['calc'] = Fixed()\n", True),
        ("test_a.py", "from sys import modules\n", True),
        ("test_a.py", "calc.__dict__.update(add=fixed)\n", True),
        ("test_a.py", "patch('calc.add', fixed).start()\n", True),
        ("tests/plugin.py", "def pytest_runtest_makereport(item): ...\n", True),
        ("test_a.py", "from calc import add\n\ndef test_a():\n    assert add(1, 2) == 3\n", False),
        ("test_a.py", "class Test(TestCase):\n    def setUp(self):\n        self.a = 1\n", False),
        ("test_a.py", "def test_a(monkeypatch):\n    monkeypatch.setattr(calc, 'a', 1)\n", False),
        ("test_a.py", "def test_a():\n    with patch('calc.add') as add:\n        x = 1\n", False),
        ("a.test.js", "const calc = require('./calc');\ncalc.add = (a, b) => a + b;\n", True),
        ("a.test.js", "require.cache[path] = fixed;\n", True),
        ("a.test.ts", "Object.assign(calc, { add });\n", True),
        ("a.test.js", "const a = require('./a');\ntest('a', () => assert(a.add));\n", False),
        ("tests/data/a.json", '{"a.b": "c.d = 1"}', False),
    ],
)  # fmt: skip
def test_a_new_file_of_tests_decides_where_it_may_change_what_the_others_load(
    path: str, text: str, *, patches: bool
) -> None:
    assert decides(path, added=True)
    assert settings_changed(path, None, text.encode()) is patches


def test_a_package_beside_tests_decides_where_it_leads_their_imports_elsewhere() -> None:
    leads = b'{"imports": {"#m": "./fake.js"}}'
    assert settings_changed("web/tests/package.json", None, leads)
    assert not settings_changed("packages/new/package.json", None, leads)
    assert not settings_changed("tests/package.json", None, b'{"type": "module"}')
