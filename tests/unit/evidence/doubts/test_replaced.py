"""An added file that is loaded in the place of another one keeps every proof from counting."""

import posixpath
from collections.abc import Sequence
from pathlib import Path

import pytest
from support.repositories import commit_all, make_repository, opened, run, user_git, write

from agentproxy.events.git_facts import Change
from agentproxy.evidence.doubts.replaced import UNREAD, find_replaced
from agentproxy.evidence.doubts.required import find_required
from agentproxy.evidence.doubts.search_path import MAX_BYTES, MAX_FILES
from agentproxy.evidence.doubts.shadows import MAX_MODULES, is_trusted_blindly
from agentproxy.workspace.trees.variants import read_versions

Files = dict[str, str]
LINK = "link to "

TESTED = {"calc.py": "", "tests/test_calc.py": "import os, json\nfrom calc import add\n"}
SRC = {"src/calc.py": "", "src/money.py": "from calc import add\n", "tests/test_m.py": ""}
REQUESTS = {
    "client.py": "import requests\nimport yaml\n",
    "tests/test_client.py": "from client import get\n",
    "requirements.txt": "requests>=2\nPyYAML\n",
}
WEB = {
    "lib/date.ts": "export const a = 1;\n",
    "test/date.test.ts": "import { a } from '../lib/date';\nimport x from \"ms\";\n",
    "test/old.js": "const y = require('@scope/a.b/sub');\n",
}


def replaced(
    folder: Path,
    base: Files,
    claim: Files,
    *,
    task: str = "Mend add",
    commands: Sequence[tuple[str, str]] = (),
) -> list[str]:
    root = make_repository(folder / "project", base)
    first = user_git(root, "rev-parse", "HEAD").decode().strip()
    write(root, {path: text for path, text in claim.items() if not text.startswith(LINK)})
    for path, text in claim.items():
        if text.startswith(LINK):
            (root / path).symlink_to(text.removeprefix(LINK))
    second = commit_all(root)
    repository = opened(root)
    versions = run(read_versions(repository, list(claim), base=first, claim=second, most=1 << 20))
    changes = [
        Change(path=path, status="modified" if path in base else "added") for path in versions
    ]
    found = find_replaced(
        repository, changes, versions, task=task, base=first, claim=second, commands=commands
    )
    return [f"{path}: {what}" for path, what in run(found)]


@pytest.mark.parametrize(
    ("base", "claim", "expected"),
    [
        (TESTED, "tests/calc.py", "calc.py by tests/test_calc.py"),
        (TESTED, "tests/calc/__init__.py", "calc.py by tests/test_calc.py"),
        (TESTED, "tests/calc.cpython-312-x86_64-linux-gnu.so", "calc.py by tests/test_calc.py"),
        (TESTED, "tests/calc.pyc", "calc.py by tests/test_calc.py"),
        (TESTED, "tests/json.py", "Python's own json by tests/test_calc.py"),
        (TESTED, "os/__init__.py", "Python's own os by tests/test_calc.py"),
        # Found where a test of another folder loads a module of that one.
        (
            {**SRC, "tests/test_m.py": "from money import m\n"},
            "tests/calc.py",
            "src/calc.py by src/money.py",
        ),
        ({**SRC, "tests/test_m.py": "import calc\n"}, "calc.py", "src/calc.py by "),
        ({**SRC, "src/b.py": "import_module('calc')\n", "test_b.py": "import b"}, "calc.py", "src"),
        (REQUESTS, "tests/requests.py", "the installed requests by client.py"),
        (REQUESTS, "requests/__init__.py", "the installed requests by client.py"),
        (REQUESTS, "yaml.py", "the installed yaml by client.py"),
        ({**TESTED, "tests/__init__.py": ""}, "calc/__init__.py", ""),  # it is the same place
    ],
)
def test_a_module_that_tests_find_before_another_is_named(
    tmp_path: Path, base: Files, claim: str, expected: str
) -> None:
    found = replaced(tmp_path, base, {claim: "def add(): ...\n"})
    assert [each.startswith(f"{claim}: {expected}") for each in found] == [True] * bool(expected)


@pytest.mark.parametrize("link", ["calc", "tests/calc"])
def test_a_link_to_a_folder_is_a_module(tmp_path: Path, link: str) -> None:
    base = {"src/calc.py": "", "tests/test_calc.py": "from calc import add\n"}
    target = posixpath.relpath("docs/example", posixpath.dirname(link) or ".")
    claim = {"docs/example/__init__.py": "", link: LINK + target, "notes": LINK + "docs"}
    assert replaced(tmp_path, base, claim) == [f"{link}: src/calc.py by tests/test_calc.py"]


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("pytest.ini", "[pytest]\npythonpath = vendor src\n"),
        ("setup.cfg", "[tool:pytest]\npythonpath =\n  ./vendor\n  src\n"),
        ("tox.ini", "[pytest]\npythonpath = vendor\n"),
        ("pyproject.toml", '[tool.pytest.ini_options]\npythonpath = ["vendor", "src"]\n'),
        ("pyproject.toml", '[tool.pytest.ini_options]\npythonpath = "vendor src"\n'),
        ("tests/pytest.ini", "[pytest]\npythonpath = ../vendor ../src\n"),
    ],
)
def test_a_folder_that_pytest_is_told_to_search_is_searched(
    tmp_path: Path, path: str, text: str
) -> None:
    base = {"src/calc.py": "", "tests/test_calc.py": "from calc import add\n", path: text}
    claim = {"vendor/calc.py": "", "vendor/more.py": "", "other/calc.py": ""}
    found = ["vendor/calc.py: src/calc.py by tests/test_calc.py"]
    assert replaced(tmp_path, base, claim) == found


FOUND = ["vendor/calc.py: src/calc.py by tests/test_calc.py"]
TESTED_SRC = {"src/calc.py": "", "tests/test_calc.py": "from calc import add\n"}
ADDED = {"vendor/calc.py": "", "vendor/more.py": "", "other/calc.py": ""}


@pytest.mark.parametrize(
    ("folder", "command", "found"),
    [
        (".", "PYTHONPATH=vendor:src pytest -q", FOUND),
        (".", "env PYTHONPATH='vendor' python -m pytest", FOUND),
        ("pkg", 'PYTHONPATH="$PWD/../vendor:$PYTHONPATH" pytest', FOUND),
        (".", "PYTHONPATH=src pytest -q vendor", []),
        (".", "PYTHONPATH=/vendor:../vendor:$vendor pytest", []),
    ],
)
def test_a_folder_that_a_check_has_python_search_is_searched(
    tmp_path: Path, folder: str, command: str, found: list[str]
) -> None:
    assert replaced(tmp_path, TESTED_SRC, ADDED, commands=[(folder, command)]) == found


@pytest.mark.parametrize(
    ("path", "text", "found"),
    [
        ("Makefile", "test:\n\tPYTHONPATH=$(CURDIR)/vendor:src pytest\n", FOUND),
        ("tox.ini", "[testenv]\nsetenv = PYTHONPATH = {toxinidir}/vendor\n", FOUND),
        ("README.md", "PYTHONPATH=vendor pytest\n", []),
        ("conftest.py", "import sys\nsys.path.insert(0, 'vendor')\n", FOUND),
        (
            "tests/conftest.py",
            "HERE = os.path.dirname(os.path.abspath(__file__))\n"
            "sys.path[:0] = [os.path.join(HERE, '..', 'src'), os.path.join(HERE, '../vendor')]\n",
            FOUND,
        ),
        (
            "tests/conftest.py",
            "ROOT = Path(__file__).resolve().parents[1]\n"
            "for each in ('src', 'vendor'):\n    sys.path.insert(0, str(ROOT / each))\n",
            FOUND,
        ),
        (
            "tests/conftest.py",
            "def pytest_configure(config):\n"
            "    sys.path = [f'{config.rootpath}/vendor'] + sys.path\n",
            FOUND,
        ),
        ("tests/test_a.py", "site.addsitedir(Path(__file__).parent.parent / 'vendor')\n", FOUND),
        ("tests/conftest.py", "sys.path.insert(0, str(Path(__file__).parent.parent))\n", []),
        ("tests/conftest.py", "sys.path.insert(0, somewhere('vendor'))\n", []),
        ("tests/conftest.py", "VENDOR = 'vendor'\nsys.path.insert(0, 'src')\n", []),
        ("tests/conftest.py", "a = a + a\nsys.path.insert(0, a)\nsys.path.insert(0, '../..')", []),
        ("tests/conftest.py", "sys.path.insert(0, 'vendor'\n", []),
    ],
)
def test_a_folder_that_files_of_tests_have_python_search_is_searched(
    tmp_path: Path, path: str, text: str, found: list[str]
) -> None:
    assert replaced(tmp_path / "base", {**TESTED_SRC, path: text}, ADDED) == found
    # Also where the claim brings it.
    assert replaced(tmp_path / "claim", TESTED_SRC, {**ADDED, path: text}) == found


def test_many_modules_in_other_folders_do_not_hide_one_in_a_folder_that_is_searched(
    tmp_path: Path,
) -> None:
    base = {**TESTED_SRC, "pytest.ini": "[pytest]\npythonpath = vendor src\n"}
    many = {f"data/m{number}.py": "" for number in range(MAX_MODULES + 1)}
    assert replaced(tmp_path, base, {**many, **ADDED}) == FOUND


LONG = f"import sys\n\nsys.path.append('a')\nX = [{'1, ' * 400_000}]\n"


@pytest.mark.parametrize(
    "brought",
    [
        pytest.param({f"tests/test_{n}.py": LONG for n in range(32)}, marks=pytest.mark.slow),
        {"tests/test_a.py": f"# sys.path\nX = '{'a' * MAX_BYTES}'\n"},
        {f"tests/test_{number}.py": "# sys.path\n" for number in range(MAX_FILES + 1)},
    ],
    ids=["slow", "large", "many"],
)
def test_files_of_tests_that_are_too_long_to_read_hide_no_folder_that_is_searched(
    tmp_path: Path, brought: Files
) -> None:
    inserts = {"tests/conftest.py": "import sys\nsys.path.insert(0, 'vendor')\n"}
    other = f"other/calc.py: src/calc.py by tests/test_calc.py{UNREAD}"
    found = [other, f"{FOUND[0]}{UNREAD}"]
    assert replaced(tmp_path / "claim", TESTED_SRC, {**ADDED, **inserts, **brought}) == found
    # A project that has such files itself accuses no claim.
    base = {**TESTED_SRC, **inserts, **dict.fromkeys(brought, "# sys.path\n")}
    assert replaced(tmp_path / "base", base, ADDED) == FOUND


@pytest.mark.parametrize(
    ("base", "claim"),
    [
        (TESTED, ("tests/helper.py", "tests/calc_tools.py", "tests/test_more.py", "calc_more.py")),
        (TESTED, ("tests/data/calc.py", "examples/calc.py", "lib/calc/__init__.py")),
        (TESTED, ("queue.py", "tests/queue.py")),  # nobody has asked for Python's own
        # A package of tests is searched from the folder above it.
        ({**TESTED, "tests/__init__.py": ""}, ("tests/calc.py",)),
        # A script finds what is in its own folder.
        ({**SRC, "tests/test_m.py": "import os\n"}, ("tests/calc.py",)),
        # Tests may be written before the module that they need.
        ({"tests/test_new.py": "import fresh\n"}, ("fresh.py", "src/fresh.py")),
        ({"tests/test_new.py": "import parts.a\n"}, ("parts/__init__.py", "parts/a.py")),
        ({"pkg/__init__.py": "", "pkg/json.py": ""}, ("pkg/calc.py", "pkg/queue.py")),
        (WEB, ("lib/time.ts", "lib/more.js", "test/fixtures/node_modules/ms/index.js")),
        (WEB, ("lib/date.test.js", "lib/date.d.ts", "other/date.js", "node_modules/new/a.js")),
    ],
)
def test_what_replaces_nothing_is_free(tmp_path: Path, base: Files, claim: tuple[str, ...]) -> None:
    assert replaced(tmp_path, base, dict.fromkeys(claim, "A = 1\n")) == []


def test_a_module_that_the_task_names_by_its_file_may_be_one_of_python(tmp_path: Path) -> None:
    claim = {"queue.py": ""}
    base = {"main.py": "import queue\n"}
    assert replaced(tmp_path / "a", base, claim, task="Write queue.py.") == []
    for name, task in {
        "b": "Mend the queue",
        "d": "Mend our queue and the missing queue name",
    }.items():
        assert replaced(tmp_path / name, base, claim, task=task) != []
    # But not the place of another one of the project.
    assert replaced(tmp_path / "c", TESTED, {"tests/calc.py": ""}, task="See tests/calc.py") != []


OWN = {
    "pyproject.toml": '[project]\nname = "slugify"\n[tool.setuptools]\npackages = ["shop"]\n'
    '[tool.hatch.build.targets.wheel]\npackages = ["shop"]\n'
    '[tool.pytest.ini_options]\ntestpaths = ["tests"]\n',
    "setup.py": "setup(name='slugify', py_modules=['slugify'], packages=[\n  'shop'])\n",
    "setup.cfg": "[metadata]\nname = slugify\n[options]\npy_modules = slugify\n",
    "uv.lock": '[[package]]\nname = "slugify"\nsource = { editable = "." }\n',
    "tests/data.py": "",
    "tests/test_all.py": "import slugify, shop\nfrom tests.data import x\nimport helpers\n",
}
PROFILE = {"main.py": "import profile\n", "tests/test_main.py": "import main\n"}


@pytest.mark.parametrize(
    ("base", "claim", "task"),
    [
        (OWN, "slugify.py", "Let the tests pass"),
        (OWN, "shop/__init__.py", "Let the tests pass"),
        ({**OWN, "shop/cart.py": ""}, "shop/__init__.py", "Import f from shop"),
        (OWN, "tests/__init__.py", "Make the tests a package"),
        (OWN, "tests/helpers.py", "Add the helpers"),
        (PROFILE, "profile.py", "main.py imports our profile module, which is missing; write it"),
    ],
)
def test_what_the_project_lacked_of_its_own_is_free(
    tmp_path: Path, base: Files, claim: str, task: str
) -> None:
    assert replaced(tmp_path, base, {claim: "x = 1\n"}, task=task) == []


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("pyproject.toml", '[project]\nname = "a"\ndependencies = ["Requests[x]>=2", "a[b]"]\n'),
        ("pyproject.toml", '[project.optional-dependencies]\ndev = ["requests"]\n'),
        ("pyproject.toml", '[dependency-groups]\ndev = ["requests>1", {include-group = "b"}]\n'),
        ("pyproject.toml", '[tool.poetry.group.dev.dependencies]\nrequests = "^2"\n'),
        ("pyproject.toml", '[tool.poetry.dependencies]\nrequests = {version = "^2"}\n'),
        ("Pipfile", '[packages]\nrequests = "*"\n'),
        ("uv.lock", '[[package]]\nname = "requests"\nsource = { registry = "x" }\n'),
        ("setup.cfg", "[options]\ninstall_requires =\n  requests>=2\n"),
        ("setup.cfg", "[options.extras_require]\ndev = requests\n"),
        ("setup.py", "setup(name='a', install_requires=['requests>=2'])\n"),
        ("requirements/dev.txt", "# a b\n-r base.txt\nrequests==2  # c\n"),
        ("environment.yml", "name: a\ndependencies:\n  - requests=2\n"),
    ],
)
def test_a_list_of_requirements_names_what_is_installed(path: str, text: str) -> None:
    assert {"requests"} == find_required({path: text})


def test_a_file_that_is_no_list_names_nothing() -> None:
    assert find_required({"pyproject.toml": "[project\n"}) == frozenset()
    assert find_required({"package.json": '{"dependencies": {"requests": "1"}}'}) == frozenset()


def test_a_module_that_moves_replaces_nothing(tmp_path: Path) -> None:
    base = {"calc.py": "", "tests/test_calc.py": "from calc import add\n", "tests/calc.py": ""}
    assert replaced(tmp_path, base, {"tests/calc.py": "A = 1\n"}) == []


@pytest.mark.parametrize(
    ("claim", "expected"),
    [
        ("node_modules/ms/index.js", "node_modules/ms: the installed ms by test/date.test.ts"),
        ("test/node_modules/ms/a.js", "test/node_modules/ms: the installed ms by test/date.test"),
        ("test/node_modules/@scope/a.b/sub.js", "test/node_modules/@scope/a.b: the installed"),
        ("lib/date.js", "lib/date.js: lib/date.ts"),
        ("lib/date.mjs", "lib/date.mjs: lib/date.ts"),
    ],
)
def test_what_node_finds_before_another_is_named(tmp_path: Path, claim: str, expected: str) -> None:
    found = replaced(tmp_path, WEB, {claim: "module.exports = 1;\n"})
    assert [each.startswith(expected) for each in found] == [True]


def test_compiled_code_that_is_loaded_by_a_hash_may_say_another_thing_than_its_source() -> None:
    by_date, by_hash = bytes(16), b"\xcb\r\r\n\x01" + bytes(11)
    assert [is_trusted_blindly(each) for each in (by_date, by_hash, b"", b"\x01" * 8)] == [
        *(False, True, False, False)
    ]
