"""Real package managers: a check finds what they keep outside of the tree, and leaves it alone."""

import shutil
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from support.environments import as_user, new_project, picture
from support.front_door import Pa
from support.real_tools import install_as, programs_of

pytestmark = [pytest.mark.slow, pytest.mark.timeout(400)]

MEND = "sed -i 's/a - b/a + b/' calc.*"
PY_CODE = "def add(a, b):\n    return a - b\n"
PY_TEST = (
    "import iniconfig\nfrom calc import add\n\n\n"
    "def test_add():\n    assert iniconfig and add(2, 3) == 5\n"
)
JS = {
    "calc.js": "const odd = require('is-odd')\nexports.add = (a, b) => odd(1) && a - b\n",
    "calc.test.js": (
        "const { test } = require('node:test')\nconst assert = require('node:assert')\n"
        "const { add } = require('./calc')\ntest('adds', () => assert.equal(add(2, 3), 5))\n"
    ),
    "package.json": (
        '{"name": "demo", "private": true, "scripts": {"test": "node --test"}, '
        '"dependencies": {"is-odd": "3.0.1"}}\n'
    ),
}
SCRIPT = (
    '# /// script\n# requires-python = ">=3.11"\n# dependencies = ["iniconfig==2.1.0"]\n# ///\n'
    "import iniconfig\n\nfrom calc import add\n\nassert iniconfig and add(2, 3) == 5\n"
)
SPEC = "from calc import add\n\nassert add(2, 3) == 5\n"


@dataclass(frozen=True)
class Case:
    tool: str
    files: dict[str, str]
    install: str  # run by the user in the project
    check: str
    ignored: str = "node_modules/\n.venv/\n__pycache__/\n"
    env: dict[str, str] = field(default_factory=dict[str, str])
    cached: str = ".cache"  # what must stay as it was, in HOME


CASES = {
    "uv run of a script with requirements": Case(
        "uv", {"calc.py": PY_CODE, "test.py": SCRIPT}, "uv run test.py || true", "uv run test.py"
    ),
    "uv with links into its cache": Case(
        "uv",
        {
            "calc.py": PY_CODE,
            "test_calc.py": PY_TEST,
            "pyproject.toml": (
                '[project]\nname = "demo"\nversion = "1"\nrequires-python = ">=3.11"\n'
                'dependencies = ["iniconfig==2.1.0", "pytest==8.4.2"]\n'
            ),
        },
        "uv sync -q --link-mode symlink",
        ".venv/bin/python -m pytest -q",
    ),
    "Yarn's Plug'n'Play": Case(
        "yarn",
        {**JS, "yarn.lock": "", ".yarnrc.yml": "enableTelemetry: false\n"},
        "yarn install",
        "yarn test",
        ignored=".pnp.*\n.yarn/\n",
        cached=".yarn",
    ),
    "pnpm's store for all projects": Case(
        "pnpm",
        {**JS, "pnpm-workspace.yaml": "enableGlobalVirtualStore: true\n"},
        "CI= pnpm install --silent",
        "npm test",
        cached=".local/share/pnpm",
    ),
    "pnpm by corepack": Case(
        "corepack",
        {**JS, "package.json": '{"packageManager": "pnpm@10.34.9", ' + JS["package.json"][1:]},
        "pnpm install --silent",
        "pnpm test",
        env={"COREPACK_INTEGRITY_KEYS": "0", "COREPACK_ENABLE_DOWNLOAD_PROMPT": "0"},
    ),
    "pre-commit": Case(
        "pre-commit",
        {
            "calc.py": PY_CODE,
            "hook.py": "import iniconfig\n\nfrom calc import add\n\nassert add(2, 3) == 5\n",
            ".pre-commit-config.yaml": (
                "repos:\n- repo: local\n  hooks:\n  - id: adds\n    name: adds\n"
                "    entry: env PYTHONPATH=. python hook.py\n    language: python\n"
                "    additional_dependencies: [iniconfig==2.1.0]\n    always_run: true\n"
                "    pass_filenames: false\n"
            ),
        },
        "pre-commit install-hooks",
        "pre-commit run --all-files",
    ),
    "hatch": Case(
        "hatch",
        {
            "calc.py": PY_CODE,
            "test.py": PY_TEST + "\n\ntest_add()\n",
            "pyproject.toml": (
                '[project]\nname = "demo"\nversion = "1"\n'
                '[tool.hatch.envs.default]\nskip-install = true\n'
                'dependencies = ["iniconfig==2.1.0"]\n'
            ),
        },
        "hatch env create",
        "hatch run python test.py",
        cached=".local/share/hatch",
    ),
    "PDM with environments of its own": Case(
        "pdm",
        {
            "calc.py": PY_CODE,
            "test.py": PY_TEST + "\n\ntest_add()\n",
            "pyproject.toml": (
                '[project]\nname = "demo"\nversion = "1"\nrequires-python = ">=3.11"\n'
                'dependencies = ["iniconfig==2.1.0"]\n[tool.pdm]\ndistribution = false\n'
            ),
        },
        "pdm config venv.in_project false; pdm config check_update false; pdm install -q",
        "pdm run python test.py",
        ignored=".pdm-python\n__pycache__/\n",
        cached=".local/share/pdm",
    ),
    "deno": Case(
        "deno",
        {
            "calc.js": "export const add = (a, b) => a - b\n",
            "calc.test.js": (
                'import odd from "npm:is-odd@3.0.1";\nimport { add } from "./calc.js";\n'
                'Deno.test("adds", () => { if (!odd(1) || add(2, 3) !== 5) throw Error("no") });\n'
            ),
            "deno.json": "{}\n",
        },
        "deno cache calc.test.js",
        "deno test",
    ),
    "bun": Case(
        "bun",
        {
            "calc.js": JS["calc.js"],
            "calc.test.js": (
                'import { test, expect } from "bun:test";\nimport { add } from "./calc.js";\n'
                'test("adds", () => expect(add(2, 3)).toBe(5));\n'
            ),
            "package.json": JS["package.json"],
        },
        "bun install --silent && rm -r node_modules",
        "bun install --frozen-lockfile && bun test",
        cached=".bun",
    ),
    "nox -R": Case(
        "nox",
        {
            "calc.py": PY_CODE,
            "test.py": PY_TEST + "\n\ntest_add()\n",
            "noxfile.py": (
                "import nox\n\n\n@nox.session(name='tests')\ndef tests(session):\n"
                "    session.install('iniconfig==2.1.0')\n    session.run('python', 'test.py')\n"
            ),
        },
        "nox || true",
        "nox -R",
        ignored=".nox/\n__pycache__/\n",
        cached="../project/.nox",
    ),
    "tox --skip-pkg-install": Case(
        "tox",
        {
            "calc.py": PY_CODE,
            "test.py": PY_TEST + "\n\ntest_add()\n",
            "tox.ini": (
                "[tox]\nenv_list = py\nno_package = true\n[testenv]\ndeps = iniconfig==2.1.0\n"
                "commands = python test.py\n"
            ),
        },
        "tox || true",
        "tox --skip-pkg-install",
        ignored=".tox/\n__pycache__/\n",
        cached="../project/.tox",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_a_check_finds_what_a_tool_keeps_outside_of_the_tree(
    pa: Pa, tmp_path: Path, name: str
) -> None:
    case = CASES[name]
    new_project(pa, {**case.files, ".gitignore": case.ignored})
    home = tmp_path / "user"
    user = as_user(home, programs_of(case.tool), **case.env)
    install_as(case.install, user, cwd=pa.project)
    pa.write({"agentproxy.toml": "discovered = false\n"})
    pa.commit("The installation")
    before = picture(home / case.cached)
    assert before
    ran = pa.task("--check", case.check, "--max-rounds", "1", worker=MEND, env=user)
    found = ran.of_kind("check_finished")[0]["result"]
    assert ran.finding(case.check)["finding"] == "proven", (
        ran.finding(case.check),
        found["output"],
    )
    assert ran.code == 0
    assert picture(home / case.cached) == before


def test_a_claim_that_adds_a_package_to_an_installed_plug_n_play_is_proven_with_it(
    pa: Pa, tmp_path: Path
) -> None:
    case = CASES["Yarn's Plug'n'Play"]
    new_project(pa, {**case.files, ".gitignore": case.ignored})
    user = as_user(tmp_path / "user", programs_of("yarn"))
    install_as("yarn install", user, cwd=pa.project)
    pa.write({"agentproxy.toml": "discovered = false\n"})
    pa.commit("The installation")
    before = (pa.project / ".pnp.cjs").read_text()
    # What a worker would write who can reach the registry.
    other = tmp_path / "other"
    shutil.copytree(pa.project, other)
    install_as("yarn add is-even@1.0.0", user, cwd=other)
    brought = "\n".join(
        f"cat > {name} <<'END'\n{(other / name).read_text()}END"
        for name in ("package.json", "yarn.lock")
    )
    worker = f"{MEND}; sed -i '1i const even = require(\"is-even\"); even(2)' calc.js\n{brought}"
    ran = pa.task("--check", case.check, "--max-rounds", "1", worker=worker, env=user)
    finding = ran.finding(case.check)
    assert finding["finding"] == "proven", (finding, ran.of_kind("environment_built"))
    built = ran.of_kind("environment_built")
    assert [each["on"] for each in built if each["commands"] or each["folders"]] == ["claim:1"]
    assert (ran.code, (pa.project / ".pnp.cjs").read_text()) == (0, before)
