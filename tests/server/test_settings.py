"""Settings of the conversation service, as a real server reads and follows them."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from support.answers import Reply
from support.chats import Message, Served, kinds, serving, text_of

from agentproxy.config.chat import load_chat_settings
from agentproxy.config.mistakes import BadSetting


def preset(folder: Path, name: str, text: str) -> None:
    (folder / name).mkdir(parents=True)
    (folder / name / "PROMPT.md").write_text(text)


def system_of(server: Served, word: str, **asked: object) -> str:
    server.script(word, Reply(text=("ok",)))
    with server.talk(server.new(**asked)) as talk:
        talk.ask(word)
    (system,) = server.scripts.asked[word][0]["system"]
    return str(system["text"])


def test_presets_of_a_folder_are_listed_chosen_and_win_over_ours(tmp_path: Path) -> None:
    own = tmp_path / "work" / "my prompts"
    poet = "---\nname: poet\ndescription: Writes{} poems\n---\nYou write in {{workspace}}."
    poet = poet.format("\U000e0041\U000e0102")
    preset(own, "poetry", poet + "\u200b\n")
    preset(own, "work", "---\nname: work\ndescription: My work\n---\nYou do my work.\n")
    preset(own, "empty", "---\nname: empty\ndescription: x\n---\n")
    secret = tmp_path / "secret"
    preset(tmp_path, "secret", "---\nname: stolen\ndescription: x\n---\nsecret\n")
    (own / "link").symlink_to(secret)
    (own / "inner").mkdir()
    (own / "inner/PROMPT.md").symlink_to(secret / "PROMPT.md")
    with serving(tmp_path, PROMPTS_DIR="my prompts", DEFAULT_PRESET="poet") as server:
        listed = server.request("GET", "/api/presets")[1]
        assert listed == [
            {"name": "coding", "description": "Software development and coding tasks"},
            {"name": "poet", "description": "Writes poems"},
            {"name": "work", "description": "My work"},
        ]
        text = system_of(server, "By default")
        assert text.startswith(f"You write in {server.folder}/workspace/")
        assert "\u200b" not in text
        assert "Skills are instructions" in text
        assert system_of(server, "Mine", preset="work").startswith("You do my work.")
        assert system_of(server, "Of the product", preset="coding").startswith("You are a software")
        status, answer = server.request("POST", "/api/chat", {"preset": "stolen"})
        assert (status, answer["detail"][0]["loc"]) == (422, ["body", "preset"])
        assert "coding, poet, work" in answer["detail"][0]["msg"]


def test_temperatures_and_the_model_of_summaries_reach_the_vendor(tmp_path: Path) -> None:
    variables = {
        "TEMPERATURE": "0.9",
        "SUBAGENT_TEMPERATURE": "0.4",
        "COMPACT_MODEL": "claude-haiku-4-5",
        "COMPACT_TEMPERATURE": "0.1",
        "CONTEXT_WINDOW": "1000",
        "COMPACT_THRESHOLD": "0.1",
    }
    task = {"description": "look", "prompt": "Part of it", "agent_type": "explore"}
    with serving(tmp_path, **variables) as server:
        server.script(
            "Grow warm",
            Reply(calls=(("task", json.dumps(task)),), stop="tools", usage=(5, 1)),
            *(Reply(text=("ok",), usage=(50, 1)) for _ in range(5)),
            Reply(text=("big",), usage=(500, 1)),
            Reply(text=("after",)),
        )
        server.script("Part of it", Reply(text=("seen",), usage=(5, 1)))
        server.script("USER: Grow warm", Reply(text=("the summary",)))
        with server.talk(server.new(enable_tracing=True)) as talk:
            for number in range(7):
                talk.ask("Grow warm" if not number else "more")
    asked = server.scripts.asked
    assert {each["temperature"] for each in asked["Grow warm"]} == {0.9}
    assert {each["temperature"] for each in asked["Part of it"]} == {0.4}
    (summary,) = asked["USER: Grow warm"]
    assert (summary["temperature"], summary["model"]) == (0.1, "claude-haiku-4-5")
    traced = [each for each in talk.seen if each["type"] == "llm_request"]
    assert {(each["purpose"], each["temperature"]) for each in traced} == {
        ("work", 0.9), ("work", 0.4), ("compact", 0.1),
    }  # fmt: skip


def test_no_temperature_is_sent_where_the_vendors_own_is_wanted(tmp_path: Path) -> None:
    own = {"COMPACT_TEMPERATURE": "vendor", "OPENAGENT_TEMPERATURE": "vendor", "TEMPERATURE": "1"}
    with serving(tmp_path, **own) as server:
        think = Reply(calls=(("think", '{"thought": "so"}'),), stop="tools")
        compact = Reply(calls=(("compact", "{}"),), stop="tools")
        server.script("Stay", *[think] * 8, compact, Reply(text=("ok",)))
        server.script("USER: Stay", Reply(text=("Stay in short",)))
        with server.talk(server.new()) as talk:
            talk.ask("Stay")
    asked = [body for bodies in server.scripts.asked.values() for body in bodies]
    assert "USER: Stay" in server.scripts.asked
    assert not [body for body in asked if "temperature" in body]


def test_the_prefixed_name_wins_and_zero_retries_are_none(tmp_path: Path) -> None:
    busy = Reply(status=529)
    with serving(tmp_path, LLM_MAX_RETRIES="5", OPENAGENT_LLM_MAX_RETRIES="0") as server:
        server.script("Not again", busy, Reply(text=("never",)))
        with server.talk(server.new()) as talk:
            came = talk.ask("Not again")
    assert kinds(came)[-2:] == ["error", "done"]
    assert len(server.scripts.asked["Not again"]) == 1


def test_a_busy_model_is_asked_again_after_the_configured_pause(tmp_path: Path) -> None:
    busy = Reply(status=529)
    with serving(tmp_path, LLM_RETRY_BASE_DELAY="0", LLM_RETRY_MAX_DELAY="0.01") as server:
        server.script("Try again", busy, busy, busy, Reply(text=("at last",)))
        with server.talk(server.new()) as talk:
            assert text_of(talk.ask("Try again")) == "at last"


ENV = """\
SOME_OTHER_PROGRAM=yes
DATABASE_PASSWORD_OF_THE_APP='x y z'
lower_case=1
MAX_TURNS=7
ALLOWED_COMMANDS=ls,cat
PROMPTS_DIR=
"""


def test_a_dot_env_with_names_of_other_programs_starts_and_its_lists_have_commas(
    tmp_path: Path,
) -> None:
    work = tmp_path / "work"
    work.mkdir()
    subprocess.run(["git", "init", "-q"], cwd=work, check=True)
    who = ("-c", "user.name=a", "-c", "user.email=a@example.com")
    first = ["git", *who, "commit", "-q", "--allow-empty", "-m", "first"]
    subprocess.run(first, cwd=work, check=True)
    (work / ".env").write_text(ENV)
    environ = {
        "PATH": os.environ["PATH"],
        "HOME": str(tmp_path),
        "AGENTPROXY_HOME": str(tmp_path / "home"),
    }
    trust = [sys.executable, "-m", "agentproxy", "trust"]
    subprocess.run(trust, cwd=work, env=environ, check=True, capture_output=True, timeout=60)
    with serving(tmp_path) as server:
        assert "not in allowed list" in result_of(server, "Under the list", "id")["result"]
        assert result_of(server, "On the list", "ls")["failed"] is False


def result_of(server: Served, word: str, command: str) -> Message:
    call = ("bash", json.dumps({"command": command}))
    server.script(word, Reply(calls=(call,), stop="tools"), Reply(text=("ok",)))
    with server.talk(server.new()) as talk:
        return next(each for each in talk.ask(word) if each["type"] == "tool_result")


@pytest.mark.parametrize(
    ("proxies", "mistake"),
    [
        ("proxy.local", "no address and no network"),
        ("10.0.0.1/8", "an address within the network 10.0.0.0/8, which is to be named so"),
    ],
)
def test_proxies_that_cannot_be_trusted_are_refused_in_words(proxies: str, mistake: str) -> None:
    name = "TRUSTED_PROXIES"
    with pytest.raises(BadSetting, match=mistake):
        load_chat_settings({name: proxies}, origins={name: "the environment"})


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("MODEL", "nosuch", 'MODEL: there is no model "nosuch"\n    write one of: claude-'),
        ("MODEL", "my-model", "; or set LLM_PROVIDER to the vendor whose model it is"),
        ("TEAMMATE_MODEL", "nosuch", 'TEAMMATE_MODEL: there is no model "nosuch"\n'),
        ("DEFAULT_PRESET", "poet", "DEFAULT_PRESET: the preset 'poet' is unknown\n    give one of"),
    ],
)
def test_what_a_setting_names_is_there_or_the_server_does_not_start(
    tmp_path: Path, name: str, value: str, words: str
) -> None:
    environ = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), name: value}
    serve = [sys.executable, "-m", "agentproxy.server", "--port", "0"]
    try:
        ran = subprocess.run(
            serve,
            cwd=tmp_path,
            env=environ,
            capture_output=True,
            text=True,
            timeout=20,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise AssertionError("it serves") from error
    assert (ran.returncode, words in ran.stderr) == (2, True), ran.stderr
