"""The discovered checks that are found in a project's files."""

import os
from pathlib import Path

import pytest

from agentproxy.evidence.discovery import discover, find_checks


def lay(root: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return root


def commands(root: Path, directory: str = ".") -> list[tuple[str, str]]:
    return [(check.name, check.command) for check in discover(root, directory)]


@pytest.mark.parametrize(
    ("files", "because"),
    [
        (
            {"pyproject.toml": "[tool.pytest.ini_options]\naddopts = '-q'"},
            "pyproject.toml [tool.pytest]",
        ),
        ({"pytest.ini": "[pytest]"}, "pytest.ini"),
        ({"tox.ini": "[tox]\n[pytest]\n"}, "tox.ini [pytest]"),
        ({"setup.cfg": "[metadata]\n[tool:pytest]\n"}, "setup.cfg [tool:pytest]"),
        ({"tests/unit/deep/test_x.py": ""}, "tests/unit/deep/test_x.py"),
        ({"test/x_test.py": ""}, "test/x_test.py"),
        ({"test_x.py": ""}, "test_x.py"),
        ({"p/__init__.py": "", "p/tests/deep/test_x.py": ""}, "p/tests/deep/test_x.py"),
        ({"src/p/__init__.py": "", "src/p/test/test_x.py": ""}, "src/p/test/test_x.py"),
    ],
)
def test_pytest_is_found_by_its_configuration_or_by_its_tests(
    tmp_path: Path, files: dict[str, str], because: str
) -> None:
    (check,) = discover(lay(tmp_path, files), ".")
    assert (check.name, check.command) == ("test", "python -m pytest -q")
    assert check.source == f"found: {because}"
    assert check.role == "discovered"


def test_the_tests_of_another_project_below_are_not_those_of_this_one(tmp_path: Path) -> None:
    assert commands(lay(tmp_path, {"service/tests/test_x.py": "", "x/y/tests/test_x.py": ""})) == []


def test_python_tools_are_found_where_they_are_configured(tmp_path: Path) -> None:
    project = "[tool.mypy]\nstrict = true\n[tool.ruff]\n[tool.ruff.lint]\n[tool.pyright]\nx = 1\n"
    assert commands(lay(tmp_path, {"pyproject.toml": project})) == [
        ("types", "mypy ."),
        ("types", "pyright"),
        ("lint", "ruff check ."),
    ]


@pytest.mark.parametrize(
    "files",
    [
        {"pyproject.toml": "[tool.mypy]\nfiles = ['src']"},
        {"mypy.ini": "[mypy]\npackages = x\n"},
        {"setup.cfg": "[mypy]\nfiles=src\n"},
    ],
)
def test_mypy_that_knows_its_files_is_not_given_others(
    tmp_path: Path, files: dict[str, str]
) -> None:
    assert commands(lay(tmp_path, files)) == [("types", "mypy")]


def test_a_project_without_anything_says_so(tmp_path: Path) -> None:
    found = find_checks(lay(tmp_path, {"README.md": "hello", "src/a.py": ""}), ".")
    assert found.checks == ()
    assert "no tests" in found.notes[0]


@pytest.mark.parametrize(
    ("lock", "run"),
    [
        ("", "npm run -s"),
        ("package-lock.json", "npm run -s"),
        ("pnpm-lock.yaml", "pnpm run"),
        ("yarn.lock", "yarn run"),
    ],
)
def test_scripts_run_by_the_package_manager_of_the_lock_file(
    tmp_path: Path, lock: str, run: str
) -> None:
    scripts = '{"scripts": {"test": "vitest", "type-check": "tsc", "lint": "eslint", "build": "x"}}'
    lay(tmp_path, {"package.json": scripts, **({lock: ""} if lock else {})})
    assert commands(tmp_path) == [
        ("test", f"{run} test"),
        ("types", f"{run} type-check"),
        ("lint", f"{run} lint"),
        ("build", f"{run} build"),
    ]


def test_the_placeholder_of_npm_init_is_not_a_test(tmp_path: Path) -> None:
    script = 'echo \\"Error: no test specified\\" && exit 1'
    lay(tmp_path, {"package.json": f'{{"scripts": {{"test": "{script}", "lint": " "}}}}'})
    assert commands(tmp_path) == []


def test_make_fills_only_what_no_language_has(tmp_path: Path) -> None:
    makefile = ".PHONY: test\ntest: deps\n\tpytest\ncheck:\nlint:\n\truff\ntypecheck := no\n"
    lay(tmp_path, {"Makefile": makefile})
    assert commands(tmp_path) == [("test", "make test"), ("lint", "make lint")]
    lay(tmp_path, {"pytest.ini": "[pytest]"})
    assert commands(tmp_path) == [("test", "python -m pytest -q"), ("lint", "make lint")]


def test_the_nearest_folder_with_checks_gives_them_and_is_where_they_run(tmp_path: Path) -> None:
    lay(tmp_path, {"pytest.ini": "[pytest]", "web/package.json": '{"scripts": {"test": "x"}}'})
    lay(tmp_path, {"web/src/a.js": "", "lib/a.py": ""})
    (web,) = discover(tmp_path, "web/src")
    assert (web.command, web.directory) == ("npm run -s test", "web")
    (lib,) = discover(tmp_path, "lib/")
    assert (lib.command, lib.directory) == ("python -m pytest -q", ".")


@pytest.mark.parametrize("directory", ["..", "../..", "/etc", "a/../../..", "no/such/place"])
def test_a_directory_outside_the_repository_is_not_searched(tmp_path: Path, directory: str) -> None:
    lay(tmp_path, {"pytest.ini": "", "repo/README.md": ""})
    assert discover(tmp_path / "repo", directory) == ()


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("pyproject.toml", "[tool.pytest", "cannot be parsed"),
        ("pyproject.toml", "a = " + "[" * 100_000, "cannot be parsed"),
        ("package.json", '{"scripts": ', "cannot be parsed"),
        ("package.json", "[" * 100_000, "cannot be parsed"),
        ("package.json", '{"a": 1' + "0" * 100_000 + "}", "cannot be parsed"),
        ("pytest.ini", "x" * (2 << 20), "larger than 1048576 bytes"),
    ],
)
def test_a_file_that_cannot_be_used_is_passed_over_and_said(
    tmp_path: Path, name: str, text: str, words: str
) -> None:
    found = find_checks(lay(tmp_path, {name: text, "Makefile": "test:\n"}), ".")
    assert [check.command for check in found.checks] == ["make test"]
    assert any(name in note and words in note for note in found.notes)


@pytest.mark.parametrize(
    "text", ['{"scripts": ["test"]}', '{"scripts": {"test": ["a"]}}', "3", "null", '"x"']
)
def test_scripts_of_another_shape_are_none(tmp_path: Path, text: str) -> None:
    assert commands(lay(tmp_path, {"package.json": text})) == []


def test_bytes_that_are_no_text_harm_nobody(tmp_path: Path) -> None:
    for name in ("pyproject.toml", "package.json", "Makefile", "setup.cfg"):
        (tmp_path / name).write_bytes(b"\xff\x00\xfe" * 100)
    assert commands(tmp_path) == []


def test_a_pipe_a_folder_and_a_loop_of_links_are_not_read(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pytest.ini")
    (tmp_path / "pyproject.toml").mkdir()
    (tmp_path / "package.json").symlink_to("package.json")
    (tmp_path / "tests").symlink_to("tests")
    found = find_checks(lay(tmp_path, {"Makefile": "test:\n"}), ".")
    assert [check.command for check in found.checks] == ["make test"]
    assert any("pytest.ini is not read: not a regular file" in note for note in found.notes)


def test_a_link_out_of_the_repository_is_not_followed(tmp_path: Path) -> None:
    lay(tmp_path, {"outside/pytest.ini": "[pytest]", "outside/test_x.py": "", "repo/README": ""})
    (tmp_path / "repo/pytest.ini").symlink_to(tmp_path / "outside/pytest.ini")
    (tmp_path / "repo/tests").symlink_to(tmp_path / "outside")
    (tmp_path / "repo/sub").symlink_to(tmp_path / "outside")
    assert discover(tmp_path / "repo", ".") == ()
    assert discover(tmp_path / "repo", "sub") == ()


def test_environments_and_hidden_folders_are_not_searched_for_tests(tmp_path: Path) -> None:
    lay(tmp_path, {"tests/node_modules/x/test_x.py": "", "tests/.venv/test_x.py": ""})
    assert commands(tmp_path) == []


def test_a_folder_of_too_many_entries_is_not_searched_whole(tmp_path: Path) -> None:
    (tmp_path / "tests").mkdir()
    for number in range(20_050):
        os.mknod(tmp_path / f"tests/{number:05}.txt")
    found = find_checks(tmp_path, ".")
    assert found.checks == ()
    assert any("searched: more than" in note for note in found.notes)
