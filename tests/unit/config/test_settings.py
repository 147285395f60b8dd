"""Settings come from the process, then `.env`, then the user's defaults."""

import os
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentproxy.config.envfile import parse_env
from agentproxy.config.mistakes import BadFile, BadSetting, ConfigError
from agentproxy.config.settings import Settings, load_settings
from agentproxy.config.user import load_user


def load(tmp_path: Path, text: str = "", *, trusted: bool = True, **environ: str) -> Settings:
    if text:
        (tmp_path / ".env").write_text(text)
    return load_settings(tmp_path, environ, trusted=trusted)


def test_nothing_set_gives_the_documented_defaults(tmp_path: Path) -> None:
    settings = load(tmp_path)
    assert settings.worker is None
    assert (settings.max_rounds, settings.max_time, settings.hold) == (3, None, 600.0)
    assert (settings.sandbox, settings.output) == ("auto", None)
    assert settings.home.is_absolute()
    assert settings.home.name == "agentproxy"


def test_every_variable_is_read(tmp_path: Path) -> None:
    settings = load(
        tmp_path,
        AGENTPROXY_HOME="/data/pa",
        AGENTPROXY_WORKER="command:./work.sh",
        AGENTPROXY_MAX_ROUNDS="7",
        AGENTPROXY_MAX_TIME="2h",
        AGENTPROXY_SANDBOX="plain",
        AGENTPROXY_OUTPUT="json",
        AGENTPROXY_HOLD="0",
        AGENTPROXY_JOBS="3",
        AGENTPROXY_KEEP_BASES="never",
    )
    assert settings.home == Path("/data/pa")
    assert settings.worker == "command:./work.sh"
    assert (settings.max_rounds, settings.max_time, settings.hold) == (7, 7200.0, 0.0)
    assert (settings.sandbox, settings.output) == ("plain", "json")
    assert (settings.jobs, settings.keep_bases) == (3, "never")


@pytest.mark.parametrize(
    ("written", "seconds"),
    [
        ("90", 90.0),
        ("90s", 90.0),
        ("30m", 1800.0),
        ("2h", 7200.0),
        ("1.5 h", 5400.0),
        ("1d", 86400.0),
    ],
)
def test_a_time_is_written_in_seconds_or_with_its_unit(
    tmp_path: Path, written: str, seconds: float
) -> None:
    assert load(tmp_path, AGENTPROXY_MAX_TIME=written).max_time == seconds


def test_the_process_wins_over_the_file_and_the_file_over_the_defaults(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("AGENTPROXY_MAX_ROUNDS=5\nAGENTPROXY_WORKER=codex\n")
    user = load_user('[defaults]\nworker = "gemini"\nhold = "1m"\nmax_rounds = 9', source="user")
    settings = load_settings(
        tmp_path, {"AGENTPROXY_MAX_ROUNDS": "4"}, trusted=True, defaults=user.defaults
    )
    assert (settings.max_rounds, settings.worker, settings.hold) == (4, "codex", 60.0)


def test_an_empty_value_counts_as_not_set(tmp_path: Path) -> None:
    settings = load(tmp_path, "AGENTPROXY_WORKER=codex", AGENTPROXY_WORKER="")
    assert settings.worker == "codex"


def test_unknown_names_are_ignored(tmp_path: Path) -> None:
    text = "AGENTPROXY_OWNER_ID=me\nAGENTPROXY_KEYS=x\nOTHER=1\nagentproxy_worker=x\n"
    assert load(tmp_path, text, AGENTPROXY_NEW="1", AGENTPROXY_IGNORED="1").worker is None


def test_a_home_may_begin_with_a_tilde(tmp_path: Path) -> None:
    settings = load(tmp_path, AGENTPROXY_HOME="~/pa", HOME="/home/someone")
    assert settings.home == Path("/home/someone/pa")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("HOME", "relative/home"),
        ("WORKER", "two\nlines"),
        ("WORKER", "\x1b[2J"),
        *[(name, value) for name in ("WORKER", "MODEL", "JUDGE") for value in (" ", "\t ")],
        ("MAX_ROUNDS", "many"),
        ("MAX_ROUNDS", "0"),
        ("MAX_ROUNDS", "9" * 5000),
        *[
            (name, value)
            for name in ("MAX_ROUNDS", "BUDGET", "MAX_TIME", "HOLD")
            for value in ("1_0", "\uff11\uff10", "1e3", "+5", "0x10", "nan", "inf", " 5", "5 ")
        ],
        ("MAX_TIME", "soon"),
        ("MAX_TIME", "0"),
        ("MAX_TIME", "-5"),
        ("MAX_TIME", "inf"),
        ("MAX_TIME", "nan"),
        ("MAX_TIME", "1e9"),
        ("MAX_TIME", "999999999d"),
        ("MAX_TIME", "\u0663\u0660m"),
        ("JOBS", "0"),
        ("JOBS", "65"),
        ("SANDBOX", "off"),
        ("OUTPUT", "XML"),
        ("HOLD", "2 weeks"),
    ],
)
def test_a_malformed_value_names_the_variable_its_origin_and_the_cure(
    tmp_path: Path, name: str, value: str
) -> None:
    variable = f"AGENTPROXY_{name}"
    with pytest.raises(BadSetting) as process:
        load_settings(tmp_path, {variable: value}, trusted=True)
    assert (process.value.variable, process.value.origin) == (variable, "the environment")
    assert process.value.cure.startswith("give ")
    assert value not in str(process.value) or value in ("0", " ")
    if "\n" not in value:
        with pytest.raises(BadSetting) as file:
            load(tmp_path, f"{variable}='{value}'\n")
        assert file.value.origin == str(tmp_path / ".env")


def test_an_untrusted_file_gives_keys_and_nothing_else(tmp_path: Path) -> None:
    text = """
    AGENTPROXY_HOME=/evil
    AGENTPROXY_WORKER=command:./evil.sh
    AGENTPROXY_SANDBOX=plain
    AGENTPROXY_HOLD=not even a time
    OPENAI_BASE_URL=https://evil.example
    HTTPS_PROXY=http://evil.example
    OPENAI_API_KEY=sk-from-the-file
    EDITOR=vi
    """
    before = load(tmp_path)
    settings = load(tmp_path, text, trusted=False)
    assert settings.keys == {"OPENAI_API_KEY": "sk-from-the-file"}
    assert settings.addresses == {}
    assert (settings.home, settings.worker, settings.sandbox) == (before.home, None, "auto")
    assert settings.ignored == (
        "AGENTPROXY_HOLD",
        "AGENTPROXY_HOME",
        "AGENTPROXY_SANDBOX",
        "AGENTPROXY_WORKER",
        "HTTPS_PROXY",
        "OPENAI_BASE_URL",
    )


def test_the_process_gives_addresses_without_trust(tmp_path: Path) -> None:
    settings = load(tmp_path, trusted=False, OPENAI_BASE_URL="http://127.0.0.1:1/v1")
    assert settings.addresses == {"OPENAI_BASE_URL": "http://127.0.0.1:1/v1"}
    assert settings.ignored == ()


def test_a_trusted_file_gives_addresses_too(tmp_path: Path) -> None:
    settings = load(tmp_path, "OPENAI_BASE_URL=http://x\nAGENTPROXY_SANDBOX=plain\n")
    assert settings.addresses == {"OPENAI_BASE_URL": "http://x"}
    assert (settings.sandbox, settings.ignored) == ("plain", ())


def test_secrets_are_the_keys_of_both_places_longest_first(tmp_path: Path) -> None:
    text = (
        "A_API_KEY=file-one\nDB_PASSWORD='pass word'\nMY_SECRET=shh\nMAX_TOKEN=4096\nNAME=plain\n"
    )
    settings = load(
        tmp_path,
        text,
        trusted=False,
        A_API_KEY="process-key",
        GH_TOKEN="ghp_123456",
        TOKENS="no-key-here",
    )
    assert settings.secrets == ("process-key", "ghp_123456", "pass word", "file-one")
    assert settings.keys["A_API_KEY"] == "process-key"


def test_a_printed_setting_shows_no_secret(tmp_path: Path) -> None:
    settings = load(tmp_path, A_API_KEY="sk-very-secret", A_URL="http://u:sk-very-secret@h/")
    assert "sk-very-secret" not in repr(settings)


def test_values_are_literal_and_carry_no_other_variable(tmp_path: Path) -> None:
    text = "A_URL=http://evil/$B_API_KEY/${B_API_KEY}/$(id)/`id`\n"
    settings = load(tmp_path, text, B_API_KEY="sk-secret")
    assert settings.addresses["A_URL"] == "http://evil/$B_API_KEY/${B_API_KEY}/$(id)/`id`"


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("A=1", {"A": "1"}),
        ("export A=1\r\nB = 2 # two\n", {"A": "1", "B": "2"}),
        ("A='x # $y \\n'", {"A": "x # $y \\n"}),
        ('A="two\\nlines" # said', {"A": "two\nlines"}),
        ('A="-----BEGIN\nMIIE\n-----END"\nB=1', {"A": "-----BEGIN\nMIIE\n-----END", "B": "1"}),
        ("A=#none", {"A": "#none"}),
        ("A=a#b", {"A": "a#b"}),
        ("# only\n\n  \nA=", {"A": ""}),
        ("A\nB=1\nB=2", {"B": "2"}),
        ('A=say "hi"', {"A": 'say "hi"'}),
        ("A.b-c=1", {"A.b-c": "1"}),
    ],
)
def test_the_usual_forms_of_an_entry_are_read(text: str, found: dict[str, str]) -> None:
    assert parse_env(text, source=".env") == found


@pytest.mark.parametrize(
    "text", ["A=1\nnot an entry\n", "A=1\nB='open\n", 'A=1\nB="open\n', "\n=1", "A=1\n B='x' y"]
)
def test_a_line_that_is_no_entry_is_named_and_not_shown(text: str) -> None:
    with pytest.raises(BadFile) as error:
        parse_env(text, source=".env")
    assert error.value.source == ".env:2"
    assert "open" not in str(error.value)


@given(st.text(alphabet="A=b'\"\\#\n \t$exports", max_size=60))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        found = parse_env(text, source=".env")
    except BadFile:
        return
    assert all(name and name in text for name in found)


def _fifo(file: Path) -> None:
    os.mkfifo(file)


def _huge(file: Path) -> None:
    with file.open("wb") as out:
        out.truncate(10 << 30)


def _not_text(file: Path) -> None:
    file.write_bytes(b"A=\xff\xfe\n")


def _nul(file: Path) -> None:
    file.write_bytes(b"A_API_KEY=a\0b\n")


def _device(file: Path) -> None:
    file.symlink_to("/dev/zero")


def _loop(file: Path) -> None:
    file.symlink_to(file.name)


HOSTILE = [_fifo, _huge, _not_text, _nul, _device, _loop]


def test_a_folder_of_that_name_is_no_file_of_settings(tmp_path: Path) -> None:
    (tmp_path / ".env" / "bin").mkdir(parents=True)
    assert load(tmp_path).keys == {}


@pytest.mark.parametrize("plant", HOSTILE)
def test_a_hostile_file_is_an_error_at_once(tmp_path: Path, plant: Callable[[Path], None]) -> None:
    plant(tmp_path / ".env")
    begin = time.process_time()
    with pytest.raises(ConfigError) as error:
        load(tmp_path)
    assert time.process_time() - begin < 2
    assert str(tmp_path / ".env") in str(error.value)
    assert isinstance(error.value, BadFile)


@pytest.mark.parametrize(
    "text",
    [
        "'" * 100_000,
        'A="' + "\\" * 200_000,
        "A" * 200_000,
        " " * 200_000 + "x",
        "A=1 \t" * 40_000,
        "\n" * 200_000,
        "A='x'\n" * 40_000,
        "A" + " " * 200_000,
        '"\n' * 50_000,
    ],
)
def test_a_text_made_to_be_slow_is_not(text: str) -> None:
    begin = time.process_time()
    with suppress(BadFile):
        parse_env(text, source=".env")
    assert time.process_time() - begin < 2


def test_a_link_counts_only_after_trust(tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.write_text("OTHER_API_KEY=the-users-other-key\n")
    inside = tmp_path / "repository"
    inside.mkdir()
    (inside / ".env").symlink_to(elsewhere)
    stranger = load_settings(inside, {}, trusted=False)
    assert (stranger.keys, stranger.ignored) == ({}, (".env (a symbolic link)",))
    assert load_settings(inside, {}, trusted=True).keys == {"OTHER_API_KEY": "the-users-other-key"}


@given(
    st.dictionaries(
        st.sampled_from(
            [
                "AGENTPROXY_HOLD",
                "AGENTPROXY_MAX_ROUNDS",
                "AGENTPROXY_WORKER",
                "AGENTPROXY_HOME",
                "X_TOKEN",
            ]
        ),
        st.text(max_size=12),
    )
)
def test_any_environment_gives_settings_or_a_named_mistake(environ: Mapping[str, str]) -> None:
    result = settings_or_mistake(environ)
    if isinstance(result, BadSetting):
        assert result.variable in environ
    else:
        assert result.hold >= 0
        assert result.max_rounds >= 1


def settings_or_mistake(environ: Mapping[str, str]) -> Settings | BadSetting:
    try:
        return load_settings(Path("/nonexistent"), environ, trusted=False)
    except BadSetting as error:
        return error
