"""An empty value, as a variable of a script that is not set leaves it, is refused by its name."""

import click
import pytest
from support.front_door import Pa

from agentproxy.cli.command_words import TAKES_VALUE, asks_for_json, command_of
from agentproxy.cli.help import COMMANDS
from agentproxy.cli.root import RUN, root
from agentproxy.cli.strict_command import StrictCommand

WORK = ("--worker", "command:true")
EMPTY = [
    ([*WORK, "--model", "", "Fix it"], "--model"),
    ([*WORK, "--judge", "", "Fix it"], "--judge"),
    (["--worker", "", "Fix it"], "--worker"),
    ([*WORK, "--check", "", "Fix it"], "--check"),
    ([*WORK, "--keep", "true", "--keep", " ", "Fix it"], "--keep"),
    ([*WORK, "--known-red", "", "Fix it"], "--known-red"),
    ([*WORK, "--add-screenshot", "", "Fix it"], "--add-screenshot"),
    ([*WORK, "-d", "", "Fix it"], "--directory"),
    (["--set-workdir", ""], "--set-workdir"),
    (["show", ""], "RUN"),
    (["stop", ""], "RUN"),
    (["stop", "k7f2", "--reason", ""], "--reason"),
    (["resume", "\t"], "RUN"),
    (["apply", ""], "RUN"),
    (["approve", ""], "RUN"),
    (["deny", "", "no"], "RUN"),
    (["answer", "", "yes"], "RUN"),
    (["answer", "k7f2", ""], "TEXT"),
    (["answer", "k7f2", "yes", "--request", ""], "--request"),
    (["message", "k7f2", ""], "TEXT"),
    (["evidence", ""], "RUN"),
    (["context", "--show", ""], "--show"),
    (["agents", "show", ""], "NAME"),
    (["mcp", "approve", ""], "NAME"),
    (["doctor", "-d", ""], "--directory"),
    (["doctor", "--check", ""], "--check"),
    (["serve", "--host", ""], "--host"),
    (["serve", "--allow-host", ""], "--allow-host"),
    (["serve", "--allow-dir", ""], "--allow-dir"),
    (["chat", ""], "the argument"),
    (["chat", "-m", ""], "--message"),
    (["chat", "-d", "", "-m", "x"], "--directory"),
]


@pytest.mark.parametrize(("words", "name"), EMPTY)
def test_an_empty_value_is_a_usage_error_that_names_it(pa: Pa, words: list[str], name: str) -> None:
    ran = pa(*words)
    assert (ran.code, ran.out) == (2, ""), ran
    assert f"{name} is empty: give a value" in ran.err
    assert not pa.home.exists()


def test_every_command_refuses_empty_values_and_its_options_are_known() -> None:
    context = root.make_context("pa", ["--help"], resilient_parsing=True)
    taking: set[str] = set()
    for name in (*COMMANDS, RUN):
        command = root.get_command(context, name)
        assert isinstance(command, StrictCommand), name
        taking |= {
            spelling
            for param in command.params
            if isinstance(param, click.Option) and not param.is_flag
            for spelling in param.opts
        }
    assert taking == TAKES_VALUE


@pytest.mark.parametrize(
    ("words", "command"),
    [
        (["list", "-o", "json"], "list"),
        (["-o", "json", "stop", "k7f2"], "stop"),
        (["--reason", "done", "--output=json", "stop", "k7f2"], "stop"),
        (["chat", "-ojson"], "chat"),
        (["show", "-fo", "json", "k7f2"], "show"),
        (["show", "-fo=json", "k7f2"], "show"),
        (["-o", "plain", "-o", "json", "Fix it"], ""),
        (["-o", "json", "--", "list"], ""),
    ],
)
def test_the_command_and_its_output_are_known_before_it_is_parsed(
    words: list[str], command: str
) -> None:
    assert command_of(words) == command
    assert asks_for_json(words, str)


@pytest.mark.parametrize(
    "words",
    [
        ["list"],
        ["-o", "plain", "Fix it"],
        ["--", "-o", "json"],
        ["-m", "-o", "json"],
        ["-mo", "json"],
        ["-do", "json"],
        ["list", "-o"],
    ],
)
def test_other_words_do_not_ask_for_json(words: list[str]) -> None:
    assert not asks_for_json(words, str)


def test_the_setting_counts_for_a_run_alone() -> None:
    def configured() -> str:
        return "json"

    assert asks_for_json(["Fix it"], configured)
    assert asks_for_json(["resume", "k7f2"], configured)
    assert not asks_for_json(["list"], configured)
    assert not asks_for_json(["-o", "plain", "Fix it"], configured)


MISTAKES = [
    ["show", "zzz"],
    ["show", "-z"],
    ["show", ""],
    ["apply", "zzz"],
    ["evidence", "zzz", "--verify"],
    ["stop", "zzz"],
    ["answer", "zzz", "yes"],
    ["resume", "zzz"],
    ["context", "--show", "no such"],
    ["agents", "show", "nobody"],
    ["mcp", "approve", "nobody"],
    ["doctor", "-d", "no such folder"],
    ["list", "--limit", "0"],
    ["--worker", "nobody", "Fix it"],
    ["--check", "'", *WORK, "Fix it"],
    ["two", "words"],
]


@pytest.mark.parametrize("words", MISTAKES)
def test_a_mistake_is_json_too_where_the_output_is(pa: Pa, words: list[str]) -> None:
    ran = pa("-o", "json", *words)
    (line,) = ran.records
    assert line["kind"] == "error"
    assert (line["exit_code"], line["message"] != "") == (ran.code, True)
    assert ran.code in (2, 6)
    assert line["message"].splitlines()[0] in ran.err
    assert pa(*words).out == ""


def test_a_task_without_quotes_is_told_so(pa: Pa) -> None:
    ran = pa(*WORK, "Fix", "the", "parser")
    assert ran.code == 2
    assert "write the task in quotes" in ran.err


def test_apply_and_trust_and_mcp_tell_a_program_what_came_of_them(pa: Pa) -> None:
    pa.write({"agentproxy.toml": "discovered = false\n", "mcp_servers.json": '{"servers": {}}'})
    pa.commit()
    trusted = pa("trust", "-o", "json").records
    assert [line["path"] for line in trusted] == [str(pa.project / "agentproxy.toml")]
    assert trusted[0]["status"].startswith("trusted")
    made = pa.task("--check", "test -f made", worker="touch made").result
    (applied,) = pa("apply", "-o", "json").records
    expected = {"run": made["run"], "claim": 1, "verdict": "verified"}
    assert applied == expected | {"status": "applied", "paths": ["made"]}
    assert pa("apply", "-o", "json").records == [expected | {"status": "already", "paths": []}]
    (pa.project / "made").write_text("mine\n")
    ran = pa("apply", "-o", "json")
    assert (ran.code, ran.records[0]["status"]) == (1, "conflict")
    revoked = {"name": "files", "status": "was not approved"}
    assert pa("mcp", "revoke", "files", "-o", "json").records == [revoked]
    assert pa("mcp", "-o", "json").out == ""


# Where the setting stands, and whether it counts there.
PLACES = ["the environment", ".env", ".env without trust", "[defaults]"]


@pytest.mark.parametrize("place", PLACES)
def test_a_mistake_is_json_wherever_the_setting_stands(pa: Pa, place: str) -> None:
    file = pa.project / ".env"
    if place == "the environment":
        pa.env["AGENTPROXY_OUTPUT"] = "json"
    elif place == "[defaults]":
        user = pa.home / "config" / "agentproxy" / "config.toml"
        user.parent.mkdir(parents=True)
        user.write_text('[defaults]\noutput = "json"\n')
    else:
        file.write_text("AGENTPROXY_OUTPUT=json\n")
    if place == ".env":
        assert pa("trust").code == 0
    told = [pa("--worker", "nobody", "Fix it"), pa("two", "words"), pa("list", "--limit", "0")]
    kinds = [[line["kind"] for line in ran.records] for ran in told]
    once = [] if place == ".env without trust" else ["error"]
    assert kinds == [once, once, []], "a list has no setting of its output"
    assert pa("-o", "plain", "--worker", "nobody", "Fix it").out == ""
    elsewhere = pa("-d", str(pa.project), "--worker", "nobody", "Fix it", cwd=pa.scripts)
    assert [line["kind"] for line in elsewhere.records] == once, "the folder of the task counts"
