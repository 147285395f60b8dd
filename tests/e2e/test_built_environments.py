"""Environments that we build: where the user has none, and where a claim asks for another."""

import base64
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from support.environments import MEND_PARCEL, PACKAGE, as_user, new_project, new_venv, picture
from support.front_door import Pa, Ran, Record
from support.packages import new_tarball, new_wheel, repack

pytestmark = pytest.mark.slow

CHECK = "python -m pytest -q tests"
ONE = ("--max-rounds", "1")
USES = "import scales\n\n\ndef test_scales():\n    assert scales.UNIT == 'g'\n"


@pytest.fixture
def wheels(tmp_path: Path) -> Path:
    """A folder of wheels, which is all that pip may install from."""
    folder = tmp_path / "wheels"
    new_wheel(folder, "scales", "1.0", {"scales.py": "UNIT = 'g'\n"})
    new_wheel(folder, "gauge", "2.0", {"gauge.py": "ZERO = 0\n"})
    return folder


def bare_user(home: Path, wheels: Path) -> dict[str, str]:
    """A user without any environment; what pytest needs can be installed from the wheels."""
    for name in ("pytest", "pluggy", "iniconfig", "packaging", "pygments"):
        repack(name, wheels)
    return as_user(home, Path(sys.base_prefix, "bin"), PIP_FIND_LINKS=str(wheels))


def with_venv(pa: Pa, home: Path, wheels: Path) -> dict[str, str]:
    """A user with a virtual environment in the project; the parcel is found by a path file."""
    venv = new_venv(pa.project / ".venv")
    site = next(venv.glob("lib/python3*/site-packages"))
    (site / "parcel.pth").write_text(f"{pa.project}/src\n")
    return as_user(home, PIP_FIND_LINKS=str(wheels))


def built(ran: Ran, on: str) -> Record:
    """What was built for a tree."""
    assert {"on": on} in ran.of_kind("environment_build_started")
    found = [item for item in ran.of_kind("environment_built") if item["on"] == on]
    assert len(found) == 1, ran.of_kind("environment_built")
    return found[0]


def needing(text: str) -> dict[str, str]:
    """The project, with a requirement file and pytest's own requirements left to the user."""
    return {**PACKAGE, "requirements.txt": text}


def test_a_claim_that_asks_for_a_package_is_proven_in_an_environment_that_has_it(
    pa: Pa, tmp_path: Path, wheels: Path
) -> None:
    new_project(pa, needing("# nothing yet\n"))
    user = with_venv(pa, tmp_path / "user", wheels)
    before = picture(pa.project / ".venv")
    script = (
        f"{MEND_PARCEL}\necho 'scales==1.0' >> requirements.txt\n"
        "sed -i '1i import scales' src/parcel/__init__.py"
    )
    ran = pa.task("--check", CHECK, worker=script, env=user)
    assert ran.finding(CHECK)["finding"] == "proven", (ran.finding(CHECK), built(ran, "claim:1"))
    assert list(built(ran, "claim:1")["folders"]) == [str(pa.project / ".venv")]
    assert "needs another environment: one was built" in ran.result["reason"]
    assert picture(pa.project / ".venv") == before
    assert ran.code == 0


def test_a_claim_that_drops_a_package_and_still_needs_it_is_refuted(
    pa: Pa, tmp_path: Path, wheels: Path
) -> None:
    new_project(pa, {**needing("scales\n"), "tests/test_scales.py": USES})
    user = with_venv(pa, tmp_path / "user", wheels)
    site = next((pa.project / ".venv").glob("lib/python3*/site-packages"))
    shutil.unpack_archive(wheels / "scales-1.0-py3-none-any.whl", site, "zip")
    script = f"{MEND_PARCEL}\n: > requirements.txt"
    ran = pa.task("--check", CHECK, *ONE, worker=script, env=user)
    assert built(ran, "claim:1")["removed"] == ["scales"]
    assert ran.finding(CHECK)["finding"] == "refuted"
    assert "no module named scales" in ran.finding(CHECK)["reason"]
    assert ran.code == 1


def test_a_claim_that_asks_for_nothing_any_more_and_still_needs_it_is_refuted(
    pa: Pa, tmp_path: Path, wheels: Path
) -> None:
    files = {name: text for name, text in PACKAGE.items() if name != "pyproject.toml"}
    new_project(pa, {**files, "requirements.txt": "scales\n", "tests/test_scales.py": USES})
    user = with_venv(pa, tmp_path / "user", wheels)
    site = next((pa.project / ".venv").glob("lib/python3*/site-packages"))
    shutil.unpack_archive(wheels / "scales-1.0-py3-none-any.whl", site, "zip")
    ran = pa.task("--check", CHECK, *ONE, worker=f"{MEND_PARCEL}\nrm requirements.txt", env=user)
    assert ran.finding(CHECK)["finding"] == "refuted", built(ran, "claim:1")


def test_a_package_that_moves_to_another_list_or_that_others_need_is_not_taken_away(
    pa: Pa, tmp_path: Path, wheels: Path
) -> None:
    new_project(pa, needing("pytest\npluggy\nscales\n"))
    user = with_venv(pa, tmp_path / "user", wheels)
    script = f"{MEND_PARCEL}\necho scales > requirements.txt; echo pytest > requirements-ci.txt"
    ran = pa.task("--check", CHECK, worker=script, env=user)
    assert built(ran, "claim:1")["removed"] == ["pluggy"]
    assert ran.finding(CHECK)["finding"] == "proven", ran.finding(CHECK)


def test_a_list_of_any_name_counts_where_another_includes_it(
    pa: Pa, tmp_path: Path, wheels: Path
) -> None:
    new_project(pa, {**needing("-r deps/core.txt\n"), "deps/core.txt": "# nothing yet\n"})
    user = with_venv(pa, tmp_path / "user", wheels)
    script = (
        f"{MEND_PARCEL}\necho scales >> deps/core.txt\n"
        "sed -i '1i import scales' src/parcel/__init__.py"
    )
    ran = pa.task("--check", CHECK, worker=script, env=user)
    assert ran.finding(CHECK)["finding"] == "proven", ran.finding(CHECK)


def test_what_a_claim_installs_from_its_own_files_proves_nothing_and_is_met_by_no_other_run(
    pa: Pa, tmp_path: Path, wheels: Path
) -> None:
    new_project(pa, needing("# nothing yet\n"))
    user = with_venv(pa, tmp_path / "user", wheels)
    evil = {"sitecustomize.py": "import parcel\nparcel.weigh = lambda grams: grams // 1000\n"}
    new_wheel(pa.scripts, "evil", "1.0", evil)
    data = base64.b64encode((pa.scripts / "evil-1.0-py3-none-any.whl").read_bytes()).decode()
    lie = (
        f"mkdir vendor; echo {data} | base64 -d > vendor/evil-1.0-py3-none-any.whl\n"
        "echo vendor/evil-1.0-py3-none-any.whl > x.txt\n"
        "printf 'scales\\n-r \"x.txt\"\\n' > requirements.txt"
    )
    ran = pa.task("--check", CHECK, *ONE, worker=lie, env=user)
    finding = ran.finding(CHECK)
    assert finding["finding"] in ("unverified", "refuted"), finding
    assert ran.code != 0
    bare = pa.task("--check", CHECK, *ONE, worker="echo scales > requirements.txt", env=user)
    assert bare.finding(CHECK)["finding"] == "refuted", bare.finding(CHECK)


def test_a_claim_that_asks_for_what_does_not_exist_is_told_so_and_mends_it(
    pa: Pa, tmp_path: Path, wheels: Path
) -> None:
    new_project(pa, needing("# nothing yet\n"))
    user = with_venv(pa, tmp_path / "user", wheels)
    script = (
        f"if [ $AGENTPROXY_ROUND = 1 ]; then {MEND_PARCEL}; "
        "echo scalles > requirements.txt; exit; fi"
        '\ngrep -q "No matching distribution found for scalles" "$AGENTPROXY_BRIEF"'
        "\necho scales > requirements.txt"
    )
    ran = pa.task("--check", CHECK, worker=script, env=user)
    judged = ran.of_kind("round_judged")
    assert [each["verdict"] for each in judged] == ["unverified", "verified"], judged[0]
    assert ran.code == 0


def test_where_building_is_switched_off_such_a_claim_is_unverified_with_the_cure(
    pa: Pa, tmp_path: Path, wheels: Path
) -> None:
    new_project(pa, needing("# nothing yet\n"))
    user = {**with_venv(pa, tmp_path / "user", wheels), "AGENTPROXY_BUILD": "never"}
    script = f"{MEND_PARCEL}\necho scales > requirements.txt"
    ran = pa.task("--check", CHECK, worker=script, env=user)
    finding = ran.finding(CHECK)
    assert finding["finding"] == "unverified"
    assert "AGENTPROXY_BUILD=auto" in finding["reason"]
    assert (ran.code, len(ran.of_kind("round_judged"))) == (3, 1)


def test_a_change_of_pyproject_that_asks_for_nothing_else_builds_nothing(
    pa: Pa, tmp_path: Path, wheels: Path
) -> None:
    new_project(pa, PACKAGE)
    user = with_venv(pa, tmp_path / "user", wheels)
    script = f"{MEND_PARCEL}\nprintf '[tool.ruff]\\nline-length = 90\\n' >> pyproject.toml"
    ran = pa.task("--check", CHECK, worker=script, env=user)
    assert built(ran, "claim:1")["folders"] == {}
    assert "environment" not in ran.result["reason"]
    assert ran.code == 0


def test_a_project_without_any_environment_gets_one_once_and_for_all_runs(
    pa: Pa, tmp_path: Path, wheels: Path
) -> None:
    files = {name: text for name, text in PACKAGE.items() if name != "pyproject.toml"}
    tests = {"tests/test_scales.py": USES, "conftest.py": "import sys\nsys.path.insert(0, 'src')\n"}
    new_project(pa, {**files, **tests, "requirements.txt": "pytest\nscales\n"})
    user = bare_user(tmp_path / "user", wheels)
    ran = pa.task("--check", CHECK, worker=MEND_PARCEL, env=user)
    assert ran.finding(CHECK)["finding"] == "proven", (ran.finding(CHECK), built(ran, "base"))
    assert built(ran, "base")["why"] == "no environment was there"
    assert not (pa.project / ".venv").exists()
    shutil.rmtree(pa.home / "environments")
    assert pa("evidence", "--rerun", ran.result["run"], env=user).code == 0
    shutil.rmtree(wheels)
    wheels.mkdir()
    again = pa.task("--check", CHECK, worker=MEND_PARCEL, env=user)
    assert built(again, "base")["folders"] == built(ran, "base")["folders"]
    assert again.code == 0


def test_an_environment_that_cannot_be_built_refutes_nobody(
    pa: Pa, tmp_path: Path, wheels: Path
) -> None:
    tests = {"tests/test_scales.py": USES, "conftest.py": "import sys\nsys.path.insert(0, 'src')\n"}
    new_project(pa, {**PACKAGE, **tests, "requirements.txt": "pytest\nscales\nno-such-thing\n"})
    user = bare_user(tmp_path / "user", wheels)
    check = "python -m pytest -q tests/test_scales.py"
    ran = pa.task("--check", check, *ONE, worker=MEND_PARCEL, env=user)
    assert "No matching distribution" in built(ran, "base")["failed"]
    finding = ran.finding(check)
    assert finding["finding"] == "unverified", finding
    assert ran.code == 3


BACKEND = """
import os
import zipfile

SPOIL = False
ABOUT = 'parcel-1.0.dist-info'
FILES = {
    'parcel.pth': os.path.abspath('src') + '\\n',
    f'{ABOUT}/METADATA': 'Metadata-Version: 2.1\\nName: parcel\\nVersion: 1.0\\n',
    f'{ABOUT}/WHEEL': 'Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n',
    f'{ABOUT}/RECORD': '',
}


def build_editable(folder, config_settings=None, metadata_directory=None):
    if SPOIL:
        open(os.path.join(os.environ['VIRTUAL_ENV'], 'spoilt'), 'w').close()
    with zipfile.ZipFile(os.path.join(folder, 'parcel-1.0-py3-none-any.whl'), 'w') as wheel:
        for path, text in FILES.items():
            wheel.writestr(path, text)
    return 'parcel-1.0-py3-none-any.whl'
"""
BUILT = (
    '[project]\nname = "parcel"\nversion = "1.0"\ndependencies = ["pytest"]\n'
    '[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n'
)


def test_a_file_of_the_tree_does_not_run_in_the_place_of_pip(
    pa: Pa, tmp_path: Path, wheels: Path
) -> None:
    (tmp_path / "naive").mkdir()
    (tmp_path / "naive/pip.py").write_text("print('spoilt')\n")
    naive = [sys.executable, "-m", "pip", "--version"]
    done = subprocess.run(naive, cwd=tmp_path / "naive", capture_output=True, text=True, check=True)
    assert done.stdout == "spoilt\n"
    new_project(pa, needing("# nothing yet\n"))
    user = with_venv(pa, tmp_path / "user", wheels)
    spoil = "import os; open(os.environ['VIRTUAL_ENV'] + '/spoilt', 'w')"
    script = f'{MEND_PARCEL}\necho scales > requirements.txt\necho "{spoil}" > pip.py'
    ran = pa.task("--check", CHECK, worker=script, env=user)
    assert ran.code == 0
    kept = Path(*built(ran, "claim:1")["folders"].values())
    assert kept.is_dir()
    assert not (kept / "spoilt").exists()


def test_a_project_that_must_be_installed_is_and_no_tree_meets_what_another_left_behind(
    pa: Pa, tmp_path: Path, wheels: Path
) -> None:
    new_project(pa, {**PACKAGE, "pyproject.toml": BUILT, "backend.py": BACKEND})
    user = bare_user(tmp_path / "user", wheels)
    script = f"""
    sed -i 's/dependencies = .*/dependencies = ["gauge", "pytest"]/' pyproject.toml
    if [ $AGENTPROXY_ROUND = 1 ]; then sed -i 's/SPOIL = False/SPOIL = True/' backend.py; exit; fi
    sed -i 's/SPOIL = True/SPOIL = False/' backend.py
    {MEND_PARCEL}
    """
    ran = pa.task("--check", CHECK, worker=script, env=user)
    assert ran.code == 0, (ran.finding(CHECK), ran.of_kind("environment_built"))
    kept = [Path(*item["folders"].values()) for item in ran.of_kind("environment_built")]
    assert [(folder / "spoilt").exists() for folder in kept] == [False, True, False]


def test_packages_of_node_are_installed_from_the_lock_of_the_tree_under_proof(
    pa: Pa, tmp_path: Path
) -> None:
    package = {"name": "sums", "version": "1.0.0", "scripts": {"test": "node --test"}}
    files = {
        "add.js": "exports.add = (a, b) => a - b\n",
        "add.test.js": (
            "const test = require('node:test')\nconst assert = require('node:assert')\n"
            "const pad = require('leftpad')\nconst {add} = require('./add.js')\n"
            "test('adds', () => assert.equal(pad(add(1, 2)), ' 3'))\n"
        ),
        "package.json": json.dumps(
            {**package, "dependencies": {"leftpad": "file:vendor/leftpad.tgz"}}
        ),
        ".gitignore": "node_modules/\n",
    }
    new_tarball(
        pa.project / "vendor/leftpad.tgz",
        {
            "package.json": '{"name": "leftpad", "version": "1.0.0"}',
            "index.js": "module.exports = (text) => ' ' + text\n",
        },
    )
    tarball = (pa.project / "vendor/leftpad.tgz").read_bytes()
    new_project(pa, files)
    (pa.project / "vendor").mkdir()
    (pa.project / "vendor/leftpad.tgz").write_bytes(tarball)
    pa.commit("The package")
    user = as_user(tmp_path / "user", PATH=os.environ["PATH"])
    ran = pa.task("--check", "npm test", worker="sed -i 's/a - b/a + b/' add.js", env=user)
    assert ran.finding("npm test")["finding"] == "proven", ran.of_kind("environment_built")
    assert list(built(ran, "base")["folders"]) == [str(pa.project / "node_modules")]
    assert not (pa.project / "node_modules").exists()
    assert ran.code == 0
