"""The user's own environments: seen by every check, about the tree under proof, and untouched."""

from pathlib import Path

import pytest
from support.environments import (
    MEND_PARCEL,
    PACKAGE,
    as_user,
    install_editable,
    new_project,
    new_venv,
    outcomes_of,
    picture,
    site_packages,
)
from support.front_door import Pa, Ran

pytestmark = pytest.mark.slow

CHECK = "python -m pytest -q -s tests"
ONE = ("--max-rounds", "1")


def results(ran: Ran, check: str, on: str) -> list[dict[str, object]]:
    """What a check came to on a tree."""
    found = ran.of_kind("check_finished")
    return [item["result"] for item in found if check in item["check"] and item["on"] == on]


def proves(ran: Ran, check: str) -> None:
    """The honest fix was seen: red at the base, green at the claim."""
    assert ran.of_kind("round_judged"), (ran.records[-3:], ran.err)
    assert ran.finding(check)["finding"] == "proven", (ran.finding(check), ran.err)
    assert (ran.code, ran.result["verdict"]) == (0, "verified")


@pytest.mark.parametrize("how", ["path", "finder"])
def test_an_editable_install_in_the_projects_venv_leads_to_the_tree_under_proof(
    pa: Pa, tmp_path: Path, how: str
) -> None:
    new_project(pa, PACKAGE)
    venv = new_venv(pa.project / ".venv")
    install_editable(venv, pa.project, how=how)
    before = picture(venv)
    ran = pa.task("--check", CHECK, worker=MEND_PARCEL, env=as_user(tmp_path / "user"))
    proves(ran, CHECK)
    claim = results(ran, CHECK, "claim:1")[0]
    assert f"imported from {pa.project}/src/parcel/__init__.py" in str(claim["output"])
    assert set(outcomes_of(claim).values()) == {"passed"}
    assert picture(venv) == before


def test_an_active_venv_outside_the_repository_leads_to_the_tree_under_proof(
    pa: Pa, tmp_path: Path
) -> None:
    new_project(pa, PACKAGE)
    venv = new_venv(tmp_path / "user/envs/parcel")
    install_editable(venv, pa.project, how="path")
    before = picture(venv)
    user = as_user(tmp_path / "user", venv / "bin", VIRTUAL_ENV=str(venv))
    proves(pa.task("--check", CHECK, worker=MEND_PARCEL, env=user), CHECK)
    assert picture(venv) == before


def test_an_environment_that_is_a_link_is_followed(pa: Pa, tmp_path: Path) -> None:
    uses = "import gauge\n\n\ndef test_gauge():\n    assert gauge.UNIT == 'g'\n"
    new_project(pa, {**PACKAGE, "tests/test_gauge.py": uses, ".gitignore": ".venv\n__pycache__\n"})
    venv = new_venv(tmp_path / "user/envs/parcel")
    install_editable(venv, pa.project, how="path")
    (site_packages(venv) / "gauge.py").write_text("UNIT = 'g'\n")
    (pa.project / ".venv").symlink_to(venv)
    before = picture(venv)
    check = ".venv/bin/python -m pytest -q -s tests"
    ran = pa.task("--check", check, worker=MEND_PARCEL, env=as_user(tmp_path / "user"))
    proves(ran, check)
    assert f".venv is a link to {venv}" in ran.of_kind("environment_found")[0]["notes"]
    assert picture(venv) == before
    assert (pa.project / ".venv").is_symlink()


def test_an_editable_install_of_a_neighbouring_project_is_found(pa: Pa, tmp_path: Path) -> None:
    uses = "import gauge\n\n\ndef test_gauge():\n    assert gauge.UNIT == 'g'\n"
    new_project(pa, {**PACKAGE, "tests/test_gauge.py": uses})
    neighbour = tmp_path / "user/work/gauge"
    (neighbour / "src").mkdir(parents=True)
    (neighbour / "src/gauge.py").write_text("UNIT = 'g'\n")
    venv = new_venv(pa.project / ".venv")
    install_editable(venv, pa.project, how="path")
    (site_packages(venv) / "__editable__.gauge-1.0.pth").write_text(f"{neighbour}/src\n")
    ran = pa.task("--check", CHECK, worker=MEND_PARCEL, env=as_user(tmp_path / "user"))
    proves(ran, CHECK)


TOOL = """#!/usr/bin/env node
const fs = require('fs')
fs.mkdirSync('node_modules/.cache', {recursive: true})
fs.writeFileSync('node_modules/.cache/x', 'written')
const {add} = require(process.cwd() + '/add.js')
if (add(1, 2) !== 3) { console.log('add is wrong'); process.exit(1) }
"""
NODE = {
    "add.js": "exports.add = (a, b) => a - b\nexports.twice = (a) => a * 2\n",
    "add.test.js": (
        "const test = require('node:test')\nconst assert = require('node:assert')\n"
        "const {add, twice} = require('./add.js')\nconst pad = require('leftpad')\n"
        "test('adds', () => assert.equal(add(1, 2), 3))\n"
        "test('doubles', () => assert.equal(pad(twice(2)).length, 2))\n"
    ),
    "package.json": (
        '{"name": "sums", "version": "1.0.0", "scripts": '
        '{"test": "node --test", "tool": "checker"}, "dependencies": {"leftpad": "1.0.0"}}\n'
    ),
    ".gitignore": "node_modules/\n",
}
MEND_NODE = "sed -i 's/a - b/a + b/' add.js"


def node_modules(at: Path) -> Path:
    """A folder of installed packages, with a program that writes into it."""
    (at / ".bin").mkdir(parents=True)
    (at / "checker").mkdir()
    (at / "checker/cli.js").write_text(TOOL)
    (at / "checker/cli.js").chmod(0o755)
    (at / ".bin/checker").symlink_to("../checker/cli.js")
    (at / "leftpad").mkdir()
    (at / "leftpad/index.js").write_text("module.exports = (text) => ' ' + text\n")
    return at


def test_node_finds_the_installed_packages_and_its_tests_are_named(pa: Pa, tmp_path: Path) -> None:
    new_project(pa, NODE)
    modules = node_modules(pa.project / "node_modules")
    before = picture(modules)
    ran = pa.task("--check", "npm test", worker=MEND_NODE, env=as_user(tmp_path / "user"))
    proves(ran, "npm test")
    assert ran.finding("npm test")["fixed"] == ["add.test.js::adds"]
    assert picture(modules) == before


def test_a_tool_may_write_into_node_modules_and_nothing_of_it_is_kept(
    pa: Pa, tmp_path: Path
) -> None:
    new_project(pa, NODE)
    modules = node_modules(pa.project / "node_modules")
    before = picture(modules)
    ran = pa.task("--check", "npm run -s tool", *ONE, worker=MEND_NODE, env=as_user(tmp_path / "u"))
    proves(ran, "npm run -s tool")
    assert "add is wrong" in str(results(ran, "tool", "base")[0]["output"])
    assert picture(modules) == before


def test_what_the_worker_does_to_the_environment_is_not_seen_by_the_checks(
    pa: Pa, tmp_path: Path
) -> None:
    new_project(pa, NODE)
    modules = node_modules(pa.project / "node_modules")
    before = picture(modules)
    lie = "printf '#!/bin/sh\\nexit 0\\n' > node_modules/checker/cli.js; echo >> add.js"
    ran = pa.task("--check", "npm run -s tool", *ONE, worker=lie, env=as_user(tmp_path / "user"))
    assert ran.finding("tool")["finding"] == "refuted"
    assert ran.code == 1
    assert picture(modules) == before


def test_a_program_that_a_claim_puts_into_a_folder_of_path_does_not_hide_the_users(
    pa: Pa, tmp_path: Path
) -> None:
    new_project(pa, {**PACKAGE, "bin/tool": "#!/bin/sh\necho tool\n"})
    venv = new_venv(tmp_path / "user/envs/parcel")
    install_editable(venv, pa.project, how="path")
    user = as_user(tmp_path / "user", pa.project / "bin", venv / "bin", VIRTUAL_ENV=str(venv))
    lie = "printf '#!/bin/sh\\nexit 0\\n' > bin/python; chmod +x bin/python"
    ran = pa.task("--check", CHECK, *ONE, worker=lie, env=user)
    assert ran.of_kind("claim_recorded")[0]["changes"][0]["path"] == "bin/python"
    assert ran.finding(CHECK)["finding"] == "refuted"


def test_committed_node_modules_belong_to_the_tree(pa: Pa, tmp_path: Path) -> None:
    modules = node_modules(pa.project / "node_modules")
    new_project(pa, {**NODE, ".gitignore": ""})
    node_modules(modules)
    broken = "module.exports = (text) => String(text)\n"
    (modules / "leftpad/index.js").write_text(broken)
    (pa.project / "add.js").write_text(NODE["add.js"].replace("a - b", "a + b"))
    pa.commit()
    fix = "echo \"module.exports = (text) => ' ' + text\" > node_modules/leftpad/index.js"
    ran = pa.task("--check", "npm test", worker=fix, env=as_user(tmp_path / "user"))
    proves(ran, "npm test")
    assert (modules / "leftpad/index.js").read_text() == broken
    paths = [change["path"] for change in ran.of_kind("claim_recorded")[-1]["changes"]]
    assert paths == ["node_modules/leftpad/index.js"]


SHIM = """#!/bin/sh
set -e
export PYENV_ROOT="{root}"
exec "{root}/libexec/pyenv" exec "$(basename "$0")" "$@"
"""
PYENV = """#!/bin/sh
set -e
shift; program=$1; shift
version=$(cat .python-version 2>/dev/null || cat "$PYENV_ROOT/version")
exec "$PYENV_ROOT/versions/$version/bin/$program" "$@"
"""


def test_a_python_of_a_version_manager_in_home_is_found_through_its_shims(
    pa: Pa, tmp_path: Path
) -> None:
    root = tmp_path / "user/.pyenv"
    for folder in ("shims", "libexec", "versions"):
        (root / folder).mkdir(parents=True)
    new_venv(root / "versions/3.11-mine")
    (root / "version").write_text("none\n")
    for name, text in (("libexec/pyenv", PYENV), ("shims/python", SHIM.format(root=root))):
        (root / name).write_text(text)
        (root / name).chmod(0o755)
    new_project(pa, {**PACKAGE, ".python-version": "3.11-mine\n"})
    before = picture(root)
    check = "PYTHONPATH=src python -m pytest -q tests"
    user = as_user(tmp_path / "user", root / "shims")
    proves(pa.task("--check", check, worker=MEND_PARCEL, env=user), check)
    assert picture(root) == before


def monorepo() -> dict[str, str]:
    """A repository with two services."""
    files = {f"services/api/{name}": text for name, text in PACKAGE.items()}
    return {**files, "services/web/index.html": "", ".gitignore": PACKAGE[".gitignore"]}


@pytest.mark.parametrize("place", ["services/api", "."])
@pytest.mark.parametrize("by", ["option", "cwd"])
def test_a_service_of_a_monorepo_is_proven_with_its_own_venv_or_the_roots(
    pa: Pa, tmp_path: Path, *, place: str, by: str
) -> None:
    new_project(pa, monorepo())
    service = pa.project / "services/api"
    venv = new_venv(pa.project / place / ".venv")
    install_editable(venv, service, how="path")
    before = picture(venv)
    worker = pa.worker(f"pwd\n{MEND_PARCEL}")
    words = ["--output", "json", "--worker", worker, "--check", CHECK]
    user = as_user(tmp_path / "user")
    if by == "option":
        ran = pa("-d", "services/api", *words, "Make it right", env=user)
    else:
        ran = pa(*words, "Make it right", cwd=service, env=user)
    proves(ran, CHECK)
    assert str(service) in ran.of_kind("worker_ended")[-1]["output"]
    assert picture(venv) == before


def test_a_link_that_a_claim_puts_in_the_way_of_an_environment_does_not_stop_the_run(
    pa: Pa, tmp_path: Path
) -> None:
    new_project(pa, monorepo())
    service = pa.project / "services/api"
    venv = new_venv(service / ".venv")
    install_editable(venv, service, how="path")
    before = picture(venv)
    worker = f"{MEND_PARCEL}; cd ../..; mv services/api services/real; ln -s real services/api"
    words = ["--output", "json", "--worker", pa.worker(worker), "--check", CHECK, *ONE]
    ran = pa("-d", "services/api", *words, "Make it right", env=as_user(tmp_path / "user"))
    paths = [change["path"] for change in ran.of_kind("claim_recorded")[-1]["changes"]]
    assert "services/api" in paths
    assert ran.code in (1, 3), (ran.records[-2:], ran.err)
    assert picture(venv) == before


def test_an_environment_that_changes_while_the_run_is_under_way_is_noticed_and_said(
    pa: Pa, tmp_path: Path
) -> None:
    new_project(pa, PACKAGE)
    venv = new_venv(pa.project / ".venv")
    install_editable(venv, pa.project, how="path")
    script = f"{MEND_PARCEL}\nsleep 3"
    words = ["--output", "json", "--worker", pa.worker(script), "--check", CHECK]
    with pa.start(*words, "Make it right", env=as_user(tmp_path / "user")) as process:
        assert process.stdout is not None
        lines: list[str] = []
        for line in process.stdout:
            lines.append(line)
            if '"worker_started"' in line:
                (site_packages(venv) / "extra.pth").write_text("\n")
        process.wait(timeout=60)
    ran = Ran(process.returncode, "".join(lines), "")
    proves(ran, CHECK)
    said = f"{venv} changed while the run was under way"
    assert said in ran.of_kind("delivered")[-1]["notes"]
    assert said in ran.result["reason"]
