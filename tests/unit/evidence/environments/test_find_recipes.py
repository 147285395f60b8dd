"""What a project asks to have installed, as its files say it; hostile files included."""

import json
from pathlib import Path

import pytest

from agentproxy.evidence.environments.find_recipes import find_recipes
from agentproxy.evidence.environments.recipe import Recipe


def recipe(root: Path, files: dict[str, str], *, directory: str = ".") -> Recipe:
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    found = find_recipes(root, [directory], path="/usr/bin:/bin")
    assert len(found) == 1, found
    return found[0]


def test_requirements_of_all_lists_and_of_those_they_include_are_asked_for(tmp_path: Path) -> None:
    found = recipe(
        tmp_path,
        {
            "requirements.txt": "-r deps/core.txt\nRequests[x]>=2 ; python_version > '3'\n# x\n",
            "deps/core.txt": "Flask_Login == 1.0 \\\n  --hash=sha256:0\n-c limits.txt\n",
            "deps/limits.txt": "urllib3<3\n",
            "requirements-dev.txt": "pytest\n",
        },
    )
    assert found.asks == ("flask-login", "pytest", "requests")
    assert found.strange == ()
    assert "deps/core.txt" in found.files
    assert "deps/limits.txt" in found.files
    assert "-r requirements.txt -r requirements-dev.txt" in found.renew


def test_the_parts_of_pyproject_that_tests_need_are_asked_for(tmp_path: Path) -> None:
    text = """
    [project]
    name = "parcel"
    dependencies = ["scales>=1"]
    optional-dependencies = {test = ["pytest"], docs = ["sphinx"]}
    [dependency-groups]
    dev = [{include-group = "lint"}, "hypothesis"]
    lint = ["ruff", {include-group = "dev"}]
    """
    found = recipe(tmp_path, {"pyproject.toml": text})
    assert found.asks == ("hypothesis", "pytest", "ruff", "scales")


@pytest.mark.parametrize(
    "line",
    [
        "-e .", "-eevil/", "--edit ./evil", "./evil", "vendor/evil", "x.whl", "-f vendor",
        "e @ file:evil", "https://evil.example/x.whl", "git+https://evil.example/x",
        "x.zip", "x.tar.gz", "x.tbz; python_version > '3'", "two words", "scales --global-option=x",
        "scales ==1.x", "(" * 5000, "scales; " + "(" * 3000 + "os_name == 'x'" + ")" * 3000,
        "scales==" + "1" * 5000,
        "${PWD}/evil", '-r "x.txt"', "--req x.txt", "-r /etc/x.txt", "--index-url http://evil",
    ],
)  # fmt: skip
def test_what_is_no_plain_package_of_a_registry_is_told(tmp_path: Path, line: str) -> None:
    found = recipe(tmp_path, {"requirements.txt": f"scales\n{line}\n"})
    assert found.strange == (line,)


@pytest.mark.parametrize(
    "line",
    [
        "A_b.C[d,e] >=1, !=1.5, <2 ; python_version < '4' and extra == 'x'", "a-b-c(==1.*)",
        "a.b.c===1+local", "a_b.c~=1.0rc1 --hash=sha256:00 --hash sha256:11",
    ],
)  # fmt: skip
def test_a_package_of_a_registry_is_asked_for_by_its_normal_name(tmp_path: Path, line: str) -> None:
    found = recipe(tmp_path, {"requirements.txt": f"{line}\n"})
    assert (found.asks, found.strange) == (("a-b-c",), ())


def test_pip_is_given_what_it_has_to_refuse_and_no_path_or_address(tmp_path: Path) -> None:
    listed = ["scales", "two words", "./evil", "evil/x.whl", "https://evil.example", "git+x://y"]
    text = f"[project]\nname = 'parcel'\ndependencies = {listed}\n"
    found = recipe(tmp_path, {"pyproject.toml": text})
    assert "pip install -q scales 'two words'\n" in found.renew
    assert found.strange == tuple(listed[1:])


@pytest.mark.parametrize(
    "wanted", ["./evil", "file:evil", "link:evil", "git+ssh://x/y", "user/repo", "workspace:*"]
)
def test_what_is_no_plain_package_of_npm_is_told(tmp_path: Path, wanted: str) -> None:
    package = {"dependencies": {"pad": "^1.0.0", "evil": wanted}}
    found = recipe(tmp_path, {"package.json": json.dumps(package)})
    assert found.strange == (f"evil {wanted}",)


def test_a_link_in_a_lock_of_npm_is_told(tmp_path: Path) -> None:
    package = {"package.json": '{"dependencies": {"evil": "*"}}'}
    lock = {"package-lock.json": '{"packages": {"x": {"resolved": "evil", "link": true}}}'}
    assert recipe(tmp_path, {**package, **lock}).strange


def test_packages_of_a_workspace_are_installed_at_its_root(tmp_path: Path) -> None:
    files = {
        "package.json": '{"workspaces": ["web"]}',
        "web/package.json": '{"dependencies": {"pad": "1"}}',
    }
    assert recipe(tmp_path, files, directory="web").directory == "."


@pytest.mark.timeout(10)
def test_lists_that_include_themselves_and_each_other_end(tmp_path: Path) -> None:
    files = {
        "requirements.txt": "-r requirements.txt\n-r b.txt\n" * 200 + "scales\n",
        "b.txt": "-r requirements.txt\n" * 200,
    }
    assert recipe(tmp_path, files).asks == ("scales",)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("pyproject.toml", '[project]\nname = 3\ndependencies = "scales"\n'),
        ("pyproject.toml", '[project]\ndependencies = [3, "-e .", "sc\\u0000ales"]\n'),
        ("pyproject.toml", "[project]\n[dependency-groups]\ndev = [{include-group = 7}, []]\n"),
        ("pyproject.toml", "[tool.poetry]\ndependencies = 7\n"),
        ("package.json", '{"dependencies": {"\\ud800": 1, "a": ["x"]}, "workspaces": 3}'),
        ("requirements.txt", "\x00\n\x1b[31m\n[\n==\n;;\n"),
    ],
)
def test_hostile_files_are_read_to_an_end_and_put_nothing_into_the_commands(
    tmp_path: Path, name: str, text: str
) -> None:
    found = recipe(tmp_path, {name: text})
    assert "\0" not in found.fresh + found.renew
    assert "-e .\n" not in found.renew


def test_no_text_of_a_project_is_a_word_of_the_shell(tmp_path: Path) -> None:
    text = '[project]\ndependencies = ["a; touch spoilt", "b$(touch spoilt)", "c`id`"]\n'
    found = recipe(tmp_path, {"pyproject.toml": text})
    for quoted in ("'a; touch spoilt'", "'b$(touch spoilt)'", "'c`id`'"):
        assert quoted in found.renew


def test_a_change_of_a_constraint_into_a_requirement_is_a_change(tmp_path: Path) -> None:
    one = recipe(tmp_path / "one", {"requirements.txt": "-r x.txt\n", "x.txt": "scales\n"})
    two = recipe(tmp_path / "two", {"requirements.txt": "-c x.txt\n", "x.txt": "scales\n"})
    assert one.statement != two.statement
    assert two.asks == ()
