"""What a check needs and does not find: it says so, with the cure, and accuses nobody."""

import json
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
)
from support.front_door import Pa, Ran
from support.node_reports import START, a_test, end, lines
from support.projects import MEND

pytestmark = pytest.mark.slow

ONE = ("--max-rounds", "1")
CHECK = "python -m pytest -q tests"


def cannot_tell(ran: Ran, check: str, *words: str) -> None:
    """Unverified, with every one of these words, and nothing that a worker could fix."""
    finding = ran.finding(check)
    assert finding["finding"] == "unverified", finding
    for word in words:
        assert word in finding["reason"], finding["reason"]
    assert not finding["fixable"]
    assert (ran.code, ran.result["verdict"]) == (3, "unverified")


def test_without_pytest_nothing_is_refuted_and_the_cure_is_said(pa: Pa, tmp_path: Path) -> None:
    new_project(pa, PACKAGE)
    new_venv(pa.project / ".venv", pytest=False)
    user = as_user(tmp_path / "user")
    ran = pa.task("--check", CHECK, worker=MEND_PARCEL, env=user)
    cannot_tell(ran, CHECK, "no module named pytest", "install it", ".venv")
    assert len(ran.of_kind("round_judged")) == 1


def test_without_its_packages_a_check_of_node_refutes_nobody(pa: Pa, tmp_path: Path) -> None:
    uses = "const test = require('node:test')\ntest('pads', () => require('left-pad')(1))\n"
    whole = "const pad = require('left-pad')\nrequire('node:test')('pads', () => pad(1))\n"
    new_project(
        pa,
        {
            "x.test.js": uses,
            "y.test.js": whole,
            "package.json": '{"scripts": {"test": "node --test"}}',
        },
    )
    worker = "echo '// better' >> x.test.js"
    ran = pa.task("--check", "npm test", *ONE, worker=worker, env=as_user(tmp_path / "user"))
    cannot_tell(ran, "npm test", "left-pad", "node_modules")


CONNECT = "import socket; socket.create_connection(('{host}', {port}), timeout=5)"


@pytest.mark.parametrize(
    ("command", "words"),
    [
        (
            f'python3 -c "{CONNECT.format(host="127.0.0.1", port=59999)}"',
            ("a connection was refused", "start it", "pa trust"),
        ),
        (
            f'python3 -c "{CONNECT.format(host="database.example", port=5432)}"',
            ("a host name did not resolve", "network", "pa trust"),
        ),
        (
            "echo 'Cannot connect to the Docker daemon at unix:///var/run/docker.sock.'; exit 1",
            ("the Docker daemon is not reachable", "Docker"),
        ),
    ],
)
def test_a_check_that_needs_what_is_not_there_is_unverified_with_the_cure(
    pa: Pa, tmp_path: Path, command: str, words: tuple[str, ...]
) -> None:
    ran = pa.task("--check", command, *ONE, worker=MEND, env=as_user(tmp_path / "user"))
    cannot_tell(ran, command, *words)


def test_a_test_that_needs_a_namespace_of_its_own_is_unverified(pa: Pa, tmp_path: Path) -> None:
    needs = (
        "import subprocess\nimport parcel\n\n\ndef test_runs_in_a_namespace():\n"
        "    words = ['unshare', '--user', '--map-root-user', 'true']\n"
        "    done = subprocess.run(words, capture_output=True, text=True)\n"
        "    assert done.returncode == 0, done.stderr\n"
        "    assert parcel.weigh(2000) == 2\n"
    )
    new_project(pa, {**PACKAGE, "tests/test_parcel.py": needs})
    install_editable(new_venv(pa.project / ".venv"), pa.project, how="path")
    user = as_user(tmp_path / "user")
    ran = pa.task("--check", CHECK, *ONE, worker=MEND_PARCEL, env=user)
    cannot_tell(ran, CHECK, "namespaces cannot be made inside the sandbox", "switch theirs off")


def test_a_tool_that_wants_its_cache_is_no_failed_test(pa: Pa, tmp_path: Path) -> None:
    said = "error: Failed to fetch: Network connectivity is disabled, but the requested data"
    command = f"echo '{said}' >&2; exit 2"
    ran = pa.task("--check", command, *ONE, worker=MEND, env=as_user(tmp_path / "user"))
    cannot_tell(ran, command, "wants to download", "pa trust")


def test_a_suite_whose_every_test_needs_a_server_is_unverified(pa: Pa, tmp_path: Path) -> None:
    needs = (
        "import socket\nimport parcel\n\n\ndef test_stores():\n"
        "    socket.create_connection(('127.0.0.1', 59999), timeout=5)\n"
        "    assert parcel.weigh(2000) == 2\n"
    )
    new_project(pa, {**PACKAGE, "tests/test_parcel.py": needs})
    install_editable(new_venv(pa.project / ".venv"), pa.project, how="path")
    user = as_user(tmp_path / "user")
    ran = pa.task("--check", CHECK, *ONE, worker=MEND_PARCEL, env=user)
    cannot_tell(ran, CHECK, "a connection was refused")


ASKS_FOR_MORE = (
    "echo 'tomlkit==1.0' >> requirements.txt\n"
    "printf 'import tomlkit\\n\\n\\ndef weigh(grams):\\n    return grams // 1000\\n' "
    "> src/parcel/__init__.py"
)


def test_a_claim_that_needs_a_package_which_it_asks_for_is_unverified_with_the_cure(
    pa: Pa, tmp_path: Path
) -> None:
    new_project(pa, {**PACKAGE, "requirements.txt": "pytest\n"})
    install_editable(new_venv(pa.project / ".venv"), pa.project, how="path")
    user = as_user(tmp_path / "user", AGENTPROXY_BUILD="never")
    ran = pa.task("--check", CHECK, worker=ASKS_FOR_MORE, env=user)
    cannot_tell(
        ran, CHECK, "tomlkit", "the claim changes requirements.txt", "AGENTPROXY_BUILD=auto"
    )


def test_a_package_that_only_one_test_misses_does_not_refute_the_claim_that_asks_for_it(
    pa: Pa, tmp_path: Path
) -> None:
    other = "def test_other():\n    import parcel.units\n    assert parcel.units.GRAM == 'g'\n"
    files = {"src/parcel/units.py": "GRAM = 'g'\n", "tests/test_other.py": other}
    new_project(pa, {**PACKAGE, **files, "requirements.txt": "pytest\n"})
    install_editable(new_venv(pa.project / ".venv"), pa.project, how="path")
    script = f"{MEND_PARCEL}\necho tomlkit >> requirements.txt\nsed -i '1i import tomlkit' {{}}"
    worker = script.format("src/parcel/units.py")
    user = as_user(tmp_path / "user", AGENTPROXY_BUILD="never")
    ran = pa.task("--check", CHECK, *ONE, worker=worker, env=user)
    cannot_tell(ran, CHECK, "the claim changes requirements.txt")


def test_a_claim_that_breaks_a_test_is_refuted_whatever_else_it_asks_for(
    pa: Pa, tmp_path: Path
) -> None:
    new_project(pa, {**PACKAGE, "requirements.txt": "pytest\n"})
    install_editable(new_venv(pa.project / ".venv"), pa.project, how="path")
    worker = "echo tomlkit >> requirements.txt; sed -i s/weigh/wiegh/ src/parcel/__init__.py"
    ran = pa.task("--check", CHECK, *ONE, worker=worker, env=as_user(tmp_path / "user"))
    assert ran.finding(CHECK)["finding"] == "refuted"
    assert ran.code == 1


def test_a_proof_in_an_environment_that_the_claim_would_change_and_nobody_can_build_says_so(
    pa: Pa, tmp_path: Path
) -> None:
    new_project(pa, {**PACKAGE, "environment.yml": "name: parcel\n"})
    install_editable(new_venv(pa.project / ".venv"), pa.project, how="path")
    worker = f"{MEND_PARCEL}; echo 'dependencies: [tomlkit]' >> environment.yml"
    ran = pa.task("--check", CHECK, worker=worker, env=as_user(tmp_path / "user"))
    assert ran.finding(CHECK)["finding"] == "proven"
    said = "the claim changes environment.yml, and no environment was built for that change"
    assert said in ran.of_kind("delivered")[-1]["notes"]
    assert said in ran.result["reason"]


GENERATED = {
    "agentproxy.toml": (
        'discovered = false\nprepare = "python make_rates.py"\n'
        "carry = ['.env.test', 'src/parcel/_version.py']\n"
    ),
    "make_rates.py": "open('src/parcel/rates.py', 'w').write('RATE = 3\\n')\n",
    "tests/test_parcel.py": (
        "import parcel\nfrom parcel import _version, rates\n\n\n"
        "def test_weigh():\n    assert parcel.weigh(2000) == 2\n\n\n"
        "def test_what_was_generated():\n    assert rates.RATE == 3\n\n\n"
        "def test_what_was_carried():\n"
        "    assert _version.version == '1.2'\n"
        "    assert open('.env.test').read() == 'MODE=test\\n'\n"
    ),
    ".gitignore": (
        "__pycache__/\n.venv/\n.env.test\nsrc/parcel/_version.py\nsrc/parcel/rates.py\n"
    ),
}


def test_what_prepare_reports_is_not_of_the_check(pa: Pa) -> None:
    left = lines(START, a_test("old"), end(1)).decode()
    test = (
        "import test from 'node:test'\nimport assert from 'node:assert'\n"
        "import { add } from './lib.js'\ntest('adds', () => assert.equal(add(2, 3), 5))\n"
    )
    files = {
        "package.json": '{"type": "module"}',
        "lib.js": "export const add = (a, b) => a - b\n",
        "a.test.js": test,
        "left.jsonl": left,
        "agentproxy.toml": "prepare = 'cp left.jsonl \"$AGENTPROXY_REPORTS/node-1.jsonl\"'\n",
    }
    pa.write(files)
    pa.commit("Prepared")
    pa("trust")
    ran = pa.task(*ONE, "--check", "node --test", worker="sed -i 's/a - b/a + b/' lib.js")
    assert (ran.code, ran.finding("node --test")["fixed"]) == (0, ["a.test.js::adds"])


@pytest.fixture
def generated(pa: Pa) -> Pa:
    """A project that cannot be tested as it was cloned."""
    new_project(pa, {**PACKAGE, **GENERATED})
    install_editable(new_venv(pa.project / ".venv"), pa.project, how="path")
    pa.write({".env.test": "MODE=test\n", "src/parcel/_version.py": "version = '1.2'\n"})
    return pa


def test_what_is_prepared_and_carried_is_in_every_clean_tree_after_pa_trust(
    generated: Pa, tmp_path: Path
) -> None:
    assert generated("trust").code == 0
    user = as_user(tmp_path / "user")
    ran = generated.task("--check", CHECK, worker=MEND_PARCEL, env=user)
    assert ran.finding(CHECK)["finding"] == "proven", ran.finding(CHECK)
    assert ran.code == 0
    base = ran.of_kind("check_finished")[0]["result"]
    assert sorted(outcomes_of(base).values()) == ["failed", "passed", "passed"]
    assert not (generated.project / "src/parcel/rates.py").exists()
    paths = [change["path"] for change in ran.of_kind("claim_recorded")[-1]["changes"]]
    assert paths == ["src/parcel/__init__.py"]


def test_what_would_be_prepared_and_carried_is_left_out_before_pa_trust_and_said(
    generated: Pa, tmp_path: Path
) -> None:
    user = as_user(tmp_path / "user")
    ran = generated.task("--check", CHECK, *ONE, worker=MEND_PARCEL, env=user)
    notes = " ".join(ran.of_kind("contract_agreed")[-1]["notes"])
    assert "prepare, carry" in notes
    assert "pa trust" in notes
    cannot_tell(ran, CHECK, "carry", "pa trust")


def test_a_preparation_that_fails_at_the_base_is_unverified_with_the_cure(
    generated: Pa, tmp_path: Path
) -> None:
    rules = {"prepare": "echo no compiler here; exit 7"}
    text = "".join(f"{key} = {json.dumps(value)}\n" for key, value in rules.items())
    generated.write({"agentproxy.toml": text})
    generated.commit()
    assert generated("trust").code == 0
    user = as_user(tmp_path / "user")
    ran = generated.task("--check", CHECK, *ONE, worker=MEND_PARCEL, env=user)
    cannot_tell(ran, CHECK, "prepare failed: echo no compiler here", "fix it")
    assert "no compiler here" in ran.of_kind("check_finished")[0]["result"]["output"]


def test_a_project_that_is_not_installed_refutes_nobody(pa: Pa, tmp_path: Path) -> None:
    new_project(pa, PACKAGE)
    new_venv(pa.project / ".venv")
    ran = pa.task("--check", CHECK, worker=MEND_PARCEL, env=as_user(tmp_path / "user"))
    cannot_tell(ran, CHECK, "no test can import parcel", "pip install -e .")
    assert len(ran.of_kind("round_judged")) == 1


def test_an_environment_that_lacks_what_is_asked_for_is_named_with_the_command(pa: Pa) -> None:
    uses = "require('node:test')('pads', () => require('left-pad')(1))\n"
    package = '{"scripts": {"test": "node --test"}, "dependencies": {"left-pad": "1.3.0"}}\n'
    new_project(pa, {"x.test.js": uses, "package.json": package, ".gitignore": "node_modules/\n"})
    (pa.project / "node_modules").mkdir()
    ran = pa("doctor", "-d", ".", "--check", "npm test")
    assert ran.code == 3
    assert "node_modules lacks left-pad, which the project asks for: npm install" in ran.out
