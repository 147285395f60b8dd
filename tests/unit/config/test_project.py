"""`agentproxy.toml` is strict, and a stranger's counts only in part."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentproxy.config.mistakes import BadFile
from agentproxy.config.project import ProjectFile, load_project, only_project, untrusted

WHOLE = """
known_red = ["tests/test_old.py::test_a", "tests/legacy/"]
discovered = ["test", "lint"]
prepare = "make generated"
carry = ["src/*/_version.py", ".env.test"]
environment = [".venv", "web/node_modules", "/opt/tools/venv", "~/envs/a"]

[checks.unit]
command = "pytest -q"
role = "acceptance"
directory = "backend"
timeout = "10m"

[checks."web e2e"]
command = "npm run e2e"
network = "host"
env = { CI = "1" }
timeout = 90

[worker]
use = "ours"

[worker.ours]
command = "./agent --yes"
hosts = ["api.example.com:443", "*.example.org:8443", "127.0.0.1:9", "[::1]:80"]
env = { MODEL = "m" }
home = [".config/ours"]
paths = ["/opt/ours", "~/models"]
"""


def refused(text: str) -> BadFile:
    with pytest.raises(BadFile) as error:
        load_project(text, source="agentproxy.toml")
    assert error.value.source == "agentproxy.toml"
    assert error.value.cure
    assert str(error.value).startswith("agentproxy.toml: ")
    return error.value


def test_every_key_is_read() -> None:
    project = load_project(WHOLE, source="agentproxy.toml")
    unit, web = project.checks["unit"], project.checks["web e2e"]
    assert (unit.command, unit.role, unit.directory, unit.timeout) == (
        "pytest -q",
        "acceptance",
        "backend",
        600.0,
    )
    assert (web.role, web.network, web.env, web.timeout) == (
        "regression",
        "host",
        {"CI": "1"},
        90.0,
    )
    assert project.known_red == ("tests/test_old.py::test_a", "tests/legacy/")
    assert project.discovered == ("test", "lint")
    assert project.prepare == "make generated"
    assert project.carry == ("src/*/_version.py", ".env.test")
    assert project.environment == (".venv", "web/node_modules", "/opt/tools/venv", "~/envs/a")
    assert project.worker == "ours"
    ours = project.workers["ours"]
    assert ours.command == "./agent --yes"
    assert len(ours.hosts) == 4
    assert (ours.env, ours.home, ours.paths) == (
        {"MODEL": "m"},
        (".config/ours",),
        ("/opt/ours", "~/models"),
    )
    assert project.ignored == ()


def test_an_empty_file_is_a_project_with_every_standing_check() -> None:
    project = load_project("", source="agentproxy.toml")
    assert project.discovered == ("test", "types", "lint", "build")
    assert project.checks == {}
    assert project.worker is None


@pytest.mark.parametrize(
    ("written", "kinds"), [("true", 4), ("false", 0), ("[]", 0), ('["test", "test"]', 1)]
)
def test_discovery_is_switched_on_off_or_narrowed(written: str, kinds: int) -> None:
    assert len(load_project(f"discovered = {written}", source="x").discovered) == kinds


def test_a_worker_is_chosen_by_its_name_alone() -> None:
    assert load_project('worker = "codex"', source="x").worker == "codex"


@pytest.mark.parametrize(
    ("text", "key", "cure"),
    [
        ("chekcs = 1", "chekcs", "did you mean checks?"),
        ("[checks.u]\ncommand = 'x'\ntimout = 3", "checks.u.timout", "did you mean timeout?"),
        ("[checks.u]\ntimeout = 3", "checks.u.command", ""),
        ("[checks.u]\ncommand = ''", "checks.u.command", ""),
        ("[checks.u]\ncommand = ['a']", "checks.u.command", ""),
        ("[checks.u]\ncommand = 'x'\nrole = 'discovered'", "checks.u.role", ""),
        ("[checks.u]\ncommand = 'x'\ndirectory = '../x'", "checks.u.directory", "path below"),
        ("[checks.u]\ncommand = 'x'\ndirectory = '/etc'", "checks.u.directory", "path below"),
        ("[checks.u]\ncommand = 'x'\ntimeout = true", "checks.u.timeout", "like 90s"),
        ("[checks.u]\ncommand = 'x'\ntimeout = 0", "checks.u.timeout", "more than 0"),
        ("[checks.u]\ncommand = 'x'\ntimeout = nan", "checks.u.timeout", "like 90s"),
        ("[checks.u]\ncommand = 'x'\ntimeout = inf", "checks.u.timeout", "like 90s"),
        ("[checks.u]\ncommand = 'x'\ntimeout = 1979-05-27", "checks.u.timeout", "like 90s"),
        ("[checks.u]\ncommand = 'x'\nnetwork = 'all'", "checks.u.network", ""),
        ("[checks.u]\ncommand = 'x'\nenv = { A = 1 }", "checks.u.env.A", ""),
        ("[checks.u]\ncommand = 'x'\nenv = { 'A=B' = '1' }", 'checks.u.env."A=B"', ""),
        ("checks = []", "checks", ""),
        ("[checks]\nu = 'pytest'", "checks.u", ""),
        ("known_red = 'x'", "known_red", ""),
        ("known_red = [1]", "known_red[0]", ""),
        ("discovered = 'test'", "discovered", "true, false"),
        ("discovered = ['tests']", "discovered", "test"),
        ("prepare = 1", "prepare", ""),
        ("carry = ['ok', '../x']", "carry[1]", "path below"),
        ("carry = ['/etc/passwd']", "carry[0]", "path below"),
        ("carry = ['.git/config']", "carry[0]", ".git"),
        ("carry = ['sub/.GIT/hooks/x']", "carry[0]", ".git"),
        ("environment = ['/a/../../etc']", "environment[0]", "begin it"),
        ("environment = ['../venv']", "environment[0]", "path below"),
        ("worker = 3", "worker.use", ""),
        ("[worker.a]\nhosts = ['api.example.com']", "worker.a.hosts[0]", "443"),
        ("[worker.a]\nhosts = ['*:443']", "worker.a.hosts[0]", "443"),
        ("[worker.a]\nhosts = ['a:99999']", "worker.a.hosts[0]", "443"),
        ("[worker.a]\nhosts = ['user@a:1']", "worker.a.hosts[0]", "443"),
        ("[worker.a]\npaths = ['lib']", "worker.a.paths[0]", "/"),
        ("[worker.a]\nhome = ['../x']", "worker.a.home[0]", "path below"),
        ("ignored = []", "ignored", ""),
        ("'worker.use' = 'x'", "", "quotes"),
        ("'worker.ignored' = ['x']", "", "quotes"),
    ],
)
def test_a_mistake_names_the_key_and_the_cure(text: str, key: str, cure: str) -> None:
    error = refused(text)
    assert error.key == key
    assert cure in error.cure


def test_an_error_repeats_no_value_and_no_escape_sequence() -> None:
    secret = refused("[checks.u]\ncommand = 'x'\nenv = { A_KEY = ['sk-secret'] }")
    assert "sk-secret" not in str(secret)
    name = refused('[checks."\\u001b[2J"]\ncommand = "x"')
    assert "\x1b" not in str(name)
    assert "\x1b" not in str(refused('"\\u001b[2J" = 1'))


def _nested(opening: str, closing: str) -> str:
    return "known_red = " + opening * 20_000 + closing * 20_000


@pytest.mark.parametrize(
    "text",
    [
        "# " + "x" * 5_000_000,
        _nested("[", "]"),
        _nested("{a=", "}"),
        "known_red = [" * 20_000,
        ".".join("a" * 20_000) + " = 1",
        "[" + ".".join("a" * 20_000) + "]\n" + "b = 1\n" * 5_000,
        "checks." + ".".join(["'a'"] * 20_000) + " = 1",
        "a" * 120_000 + " = 1",
        '"' * 120_000,
        "a " * 60_000,
        "timeout = " + "9" * 5_000,
        "prepare = 'a\0b'",
        'prepare = "a\\u0000b"',
        "a = 1\na = 2",
        "\ufeffa = 1",
        "[checks.u]\ncommand = 'x'\ntimeout = " + "9" * 4_000,
        "[checks]\n" + "\n".join(f"c{i} = {{ command = 'x' }}" for i in range(200)),
    ],
)
def test_a_hostile_text_is_an_error_at_once(text: str) -> None:
    begin = time.process_time()
    error = refused(text)
    assert time.process_time() - begin < 3
    assert len(str(error)) < 1000


def test_bytes_that_are_no_text_are_an_error() -> None:
    with pytest.raises(BadFile, match="UTF-8"):
        only_project({"agentproxy.toml": b"a = '\xff'"})
    with pytest.raises(BadFile, match="NUL"):
        only_project({"agentproxy.toml": b"a = '\0'"})


def test_a_repository_has_at_most_one_file() -> None:
    text = b"worker = 'a'"
    assert only_project({}) is None
    for path in ("agentproxy.toml", ".agentproxy/agentproxy.toml"):
        project = only_project({path: text})
        assert project is not None
        assert project.worker == "a"
    with pytest.raises(BadFile, match=r"also \.agentproxy/agentproxy\.toml"):
        only_project({"agentproxy.toml": text, ".agentproxy/agentproxy.toml": text})


def test_a_strangers_file_keeps_its_checks_and_says_what_was_left_out() -> None:
    whole = load_project(WHOLE, source="x")
    project = untrusted(whole)
    assert project.checks["unit"] == whole.checks["unit"]
    web = project.checks["web e2e"]
    assert (web.command, web.network, web.env) == ("npm run e2e", "none", {})
    assert (project.worker, project.workers, project.prepare) == (None, {}, None)
    assert (project.carry, project.environment) == ((), ())
    assert (project.known_red, project.discovered) == (whole.known_red, whole.discovered)
    assert project.ignored == (
        "checks.web e2e.network",
        "checks.web e2e.env",
        "worker",
        "worker.ours",
        "prepare",
        "carry",
        "environment",
    )


def test_nothing_is_left_out_of_a_file_that_asks_for_nothing() -> None:
    project = load_project("[checks.u]\ncommand = 'x'", source="x")
    assert untrusted(project) == project


def project_or_mistake(text: str) -> ProjectFile | BadFile:
    try:
        return load_project(text, source="agentproxy.toml")
    except BadFile as error:
        return error


KEYS = st.sampled_from(
    ["checks", "known_red", "discovered", "worker", "carry", "u", "command", "env", "use"]
)
LEAVES = st.sampled_from(["1", "true", "'x'", "[]", "['x', 1]", "nan", "{}", "{ command = 'x' }"])


@given(st.lists(st.tuples(st.lists(KEYS, min_size=1, max_size=4), LEAVES), max_size=5))
def test_any_toml_is_a_project_or_a_named_mistake(lines: list[tuple[list[str], str]]) -> None:
    text = "\n".join(f"{'.'.join(keys)} = {leaf}" for keys, leaf in lines)
    result = project_or_mistake(text)
    if isinstance(result, BadFile):
        assert result.cure
    else:
        stranger = untrusted(result)
        assert untrusted(stranger).checks == stranger.checks
