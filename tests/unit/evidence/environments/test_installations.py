"""Which tool installs, where it puts what it installs, and what a person types instead."""

import json
import subprocess
from pathlib import Path

import pytest

from agentproxy.evidence.environments.beside import (
    NESTED_MODULES,
    PLUG_N_PLAY,
    find_beside,
    keep_beside,
)
from agentproxy.evidence.environments.find_recipes import find_recipes

PACKAGE = json.dumps({"dependencies": {"pad": "1"}})
PROJECT = "[project]\nname = 'parcel'\ndependencies = ['scales']\n"
BERRY = "__metadata:\n  version: 8\n"


@pytest.mark.parametrize(
    ("files", "installs", "folder", "by_hand"),
    [
        ({"package.json": PACKAGE}, "npm install", "node_modules", "npm install"),
        (
            {"package.json": PACKAGE, "package-lock.json": "{}"},
            "npm ci",
            "node_modules",
            "npm ci",
        ),
        (
            {"package.json": "{}", "pnpm-workspace.yaml": "", "pnpm-lock.yaml": "x"},
            "--frozen-lockfile",
            "node_modules",
            "pnpm install",
        ),
        (
            {"package.json": "{}", "pnpm-workspace.yaml": ""},
            "--no-frozen-lockfile",
            "node_modules",
            "pnpm install",
        ),
        (
            {"package.json": PACKAGE, "yarn.lock": "# yarn lockfile v1\n"},
            "yarn install --frozen-lockfile",
            "node_modules",
            "yarn install",
        ),
        (
            {"package.json": PACKAGE, "yarn.lock": BERRY},
            "yarn install --immutable",
            ".yarn/cache",
            "yarn install",
        ),
        (
            {
                "package.json": PACKAGE,
                "yarn.lock": BERRY,
                ".yarnrc.yml": "nodeLinker: node-modules\n",
            },
            "yarn install --immutable",
            "node_modules",
            "yarn install",
        ),
        (
            {"package.json": json.dumps({**json.loads(PACKAGE), "packageManager": "yarn@4.18.1"})},
            "yarn install --no-immutable",
            ".yarn/cache",
            "yarn install",
        ),
        ({"pyproject.toml": PROJECT, "uv.lock": "x"}, "uv sync", ".venv", "uv sync"),
        ({"pyproject.toml": PROJECT, "poetry.lock": "x"}, "poetry", ".venv", "poetry install"),
        (
            {"pyproject.toml": PROJECT},
            "pip install -q -e . scales",
            ".venv",
            "python3 -m venv .venv && .venv/bin/pip install -e . scales",
        ),
    ],
)
def test_the_projects_own_tool_installs(
    tmp_path: Path, files: dict[str, str], installs: str, folder: str, by_hand: str
) -> None:
    for name in ("npm", "pnpm", "yarn", "uv", "poetry"):
        program = tmp_path / "bin" / name
        program.parent.mkdir(exist_ok=True)
        program.touch(mode=0o755)
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    (found,) = find_recipes(tmp_path, ["."], path=str(tmp_path / "bin"))
    assert installs in found.fresh
    assert (found.place, found.by_hand) == (folder, by_hand)


def test_the_packages_of_a_workspace_are_installed_at_its_root(tmp_path: Path) -> None:
    (tmp_path / "packages/a").mkdir(parents=True)
    (tmp_path / "pnpm-workspace.yaml").write_text("packages: [packages/*]\n")
    for folder in (".", "packages/a"):
        (tmp_path / folder / "package.json").write_text(PACKAGE)
    (found,) = find_recipes(tmp_path, ["packages/a"], path="/usr/bin")
    assert found.directory == "."


def test_an_installed_plug_n_play_of_the_user_is_no_part_of_the_commit(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    for name in ("package.json", ".pnp.cjs", "yarn.lock"):
        (tmp_path / "a" / name).write_text(PACKAGE)
    assert find_recipes(tmp_path, ["a"], path="/usr/bin") == ()
    (found,) = find_recipes(tmp_path, ["a"], path="/usr/bin", carried=["a/.pnp.cjs"])
    assert found.place == "a/.yarn/cache"


def kept(folder: Path, inside: str, command: str) -> dict[str, str]:
    script = keep_beside(inside, command)
    subprocess.run(["sh", "-ec", script], cwd=folder, check=True)
    return find_beside(folder / inside, Path("/work"))


def test_the_modules_of_each_package_are_kept_with_those_of_the_root(tmp_path: Path) -> None:
    for name in ("node_modules/pad/node_modules/x", "packages/a/node_modules/y/node_modules"):
        (tmp_path / name).mkdir(parents=True)
    link = tmp_path / "packages/a/node_modules/b"
    link.symlink_to("../../b")
    (tmp_path / "packages/node_modules").symlink_to("../node_modules")
    found = kept(tmp_path, "node_modules", NESTED_MODULES)
    assert list(found) == ["/work/packages/a/node_modules"]
    assert Path(found["/work/packages/a/node_modules"], "b").readlink() == Path("../../b")


def test_the_files_of_plug_n_play_are_kept_with_its_archives(tmp_path: Path) -> None:
    for name in (".yarn/cache", ".yarn/unplugged/x"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / ".pnp.cjs").write_text("// here\n")
    found = kept(tmp_path, ".yarn/cache", PLUG_N_PLAY)
    assert set(found) == {"/work/.pnp.cjs", "/work/.yarn/unplugged"}


def test_a_link_among_what_is_kept_leads_nowhere(tmp_path: Path) -> None:
    kept_in = tmp_path / ".agentproxy-beside"
    kept_in.mkdir()
    (kept_in / ".pnp.cjs").symlink_to("/etc/passwd")
    (kept_in / "packages").symlink_to(tmp_path)
    (kept_in / "node_modules").symlink_to("/etc")
    assert find_beside(tmp_path, Path("/work")) == {}
