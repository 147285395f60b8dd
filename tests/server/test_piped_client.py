"""`pa chat` without a person at the keyboard, with the engine inside and with a server."""

import json
import signal
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from support.answers import Reply
from support.chat_clients import ChatProgram, embedded_program, server_program
from support.chats import Scripts, Served, kinds, serving, start_server, text_of
from support.forked import run_pa
from support.model_server import model_server

FILE = ("write_file", '{"path": "made.txt", "content": "first\\nsecond"}')
SLOW = Reply(text=tuple(f"w{n} " for n in range(60)), fault="slow")


def plan(text: str) -> Reply:
    return Reply(calls=(("exit_plan_mode", json.dumps({"plan": text})),), stop="tools")


@dataclass(frozen=True)
class Row:
    """What is asked, what the model answers, and what comes of it."""

    name: str
    arguments: Sequence[str]
    stdin: str = ""
    word: str = "?"
    replies: Sequence[Reply] = ()
    code: int = 0
    out: str = ""
    err: Sequence[str] = ()


TALKS = [
    Row("one message", ["-m", "Say hi"], word="Say hi", replies=[Reply(text=("Hi ", "there"))],
        out="Hi there\n"),
    Row("a secret in a message", ["-m", "Use it: password = s3cr3t!pass99 now"], word="Use it",
        replies=[Reply(text=("used",))], out="used\n"),
    Row("a message for each line", [], "Line one\n\nLine two\n", word="Line one",
        replies=[Reply(text=("one",)), Reply(text=("two\n",))], out="one\ntwo\n"),
    Row("the last line needs no end", [], "Line alone", word="Line alone",
        replies=[Reply(text=("alone",))], out="alone\n"),
    Row("all of the input", ["-"], "Both lines\n/plan on\n", word=r"Both lines\n/plan on",
        replies=[Reply(text=("both",))], out="both\n"),
    Row("a path is no command", [], "/etc/hosts is long\n", word="/etc/hosts is long",
        replies=[Reply(text=("yes",))], out="yes\n"),
    Row("a space before a command sends it", [], " /status is text\n", word="/status is text",
        replies=[Reply(text=("yes",))], out="yes\n"),
    Row("tools are folded, and beside the answer", ["-m", "Make the file"], word="Make the file",
        replies=[Reply(text=("I make",), calls=(FILE,), stop="tools"), Reply(text=("made",))],
        out="I make\nmade\n",
        err=["[1] write_file made.txt  ->  Wrote 12 bytes to made.txt", "files: made.txt"]),
    Row("a failure of the model", [], "It breaks\nNever sent\n", word="It breaks",
        replies=[Reply(status=400)], code=6, err=["error: "]),
    Row("an approval", ["--approval", "-m", "Ask me first"], word="Ask me first",
        replies=[Reply(calls=(FILE,), stop="tools")], code=4,
        err=["the agent asks to run:", "path: made.txt", "first\n", "second\n", "--resume"]),
    Row("a switch in the pipe", [], "/approval on\nAsk me now\n", word="Ask me now",
        replies=[Reply(calls=(FILE,), stop="tools")], code=4, err=["approval is on", "--resume"]),
    Row("a plan that nobody decides on", ["--plan", "-m", "Plan it"], word="Plan it",
        replies=[plan("1. look")], code=4, err=["1. look", "decide on the plan", "--resume"]),
    Row("a plan that is rejected and approved", [], "/plan on\nPlan twice\n/reject too short\n"
        "/approve\n", word="Plan twice", replies=[plan("1. a"), plan("1. b"), Reply(text=("ok",))],
        out="ok\n", err=["1. a", "the plan is rejected: too short", "1. b", "plan mode is off"]),
    Row("what is asked of the terminal", [], "/status\n/queue\n/expand\n", code=2,
        err=["idle; 0 messages wait", "no message waits", "no tool was called yet"]),
    Row("a call is unfolded", [], "Make it once\n/expand 1\n", word="Make it once",
        replies=[Reply(calls=(FILE,), stop="tools"), Reply(text=("made",))], out="made\n",
        err=["content:\n      first\n      second", "result:\n    Wrote 12 bytes"]),
    Row("thinking that is asked for", ["--effort", "max"], "/status\nThink first\n/expand 1\n",
        word="Think first", replies=[Reply(thinking="One\ntwo", text=("so",))], out="so\n",
        err=["on: thinking (max)", "[1] thought  One (+1 lines)", "[1] thought\n    One\n    two"]),
    Row("an unknown command", [], "/dance\n", code=2, err=["/dance is unknown"]),
    Row("an empty message", ["-m", "  "], code=2, err=["--message is empty"]),
    Row("a message that is too long", ["-"], "x" * 60_000, code=0, word="xxxx",
        replies=[Reply(text=("long",))], out="long\n"),
    Row("leave", [], "/quit\nNever\n"),
    Row("nothing", [], code=2, err=["standard input has no message"]),
]  # fmt: skip


@pytest.mark.parametrize("row", TALKS, ids=lambda row: row.name.replace(" ", "-"))
def test_a_talk_goes_as_in_the_table(chat: ChatProgram, row: Row) -> None:
    chat.script(row.word, *row.replies)
    ran = chat(*row.arguments, stdin=row.stdin)
    assert (ran.code, ran.out) == (row.code, row.out), ran.err
    for words in row.err:
        assert words in ran.err
    assert chat.scripts.by_word[row.word] == [], "every answer of the model was asked for"
    if row.code == 4:
        made = chat.workspaces / chat.conversations()[0] / "made.txt"
        assert not made.exists()


def test_events_are_lines_of_json(chat: ChatProgram) -> None:
    chat.script(
        "In JSON", Reply(text=("a\x1b[2J",), calls=(FILE,), stop="tools"), Reply(text=("b",))
    )
    ran = chat("--output", "json", "-m", "In JSON")
    assert ran.code == 0, ran.err
    assert kinds(ran.records) == [
        "message_received", "turn_started", "text_delta", "tool_call", "tool_result", "text_delta",
        "done",
    ]  # fmt: skip
    assert "\x1b" not in ran.out
    assert len({record["run"] for record in ran.records}) == 1


def test_a_conversation_is_listed_and_gone_on_with(chat: ChatProgram) -> None:
    chat.script("To go on with", Reply(text=("one",)), Reply(text=("two",)), Reply(text=("three",)))
    assert chat("-m", "To go on with").out == "one\n"
    (newest, *_) = chat.conversations()
    assert "To go on with" in chat("--list").out.splitlines()[0]
    assert chat("--continue", "-m", "Again").out == "two\n"
    assert chat("--resume", newest[:9], "-m", "Once more").out == "three\n"
    asked = chat.scripts.asked["To go on with"][2]["messages"]
    assert [each["role"] for each in asked] == ["user", "assistant"] * 2 + ["user"]
    row = json.loads(chat("--list", "--output", "json").out.splitlines()[0])
    assert (row["id"], row["title"], row["message_count"]) == (newest, "To go on with", 6)


def test_a_talk_without_a_message_leaves_no_conversation(chat: ChatProgram) -> None:
    before = chat.conversations()
    assert chat(stdin="").code == 2
    assert chat.conversations() == before


def test_an_approval_is_given_when_the_conversation_is_resumed(chat: ChatProgram) -> None:
    chat.script("Decided later", Reply(calls=(FILE,), stop="tools"), Reply(text=("made",)))
    assert chat("--approval", "-m", "Decided later").code == 4
    (conversation, *_) = chat.conversations()
    # A line of a pipe is a message. It is no answer, and its turn cannot begin.
    assert chat("--resume", conversation, stdin="y\n").code == 4
    with chat.terminal("--resume", conversation) as terminal:
        terminal.until("content:")
        terminal.until("allow? (y/n/r)")
        terminal.enter("y")
        terminal.until("made")
        terminal.enter("/quit")
        assert terminal.end() == 0
    assert (chat.workspaces / conversation / "made.txt").read_text() == "first\nsecond"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_the_turn_at_once(chat: ChatProgram, number: signal.Signals) -> None:
    chat.script("Count for long", SLOW, Reply(text=("counted",)))
    process = chat.start("-m", "Count for long")
    assert process.stdout is not None
    assert process.stderr is not None
    assert process.stdout.read(3) == "w0 "
    began = time.monotonic()
    process.send_signal(number)
    assert process.wait(timeout=20) == 130
    assert time.monotonic() - began < 2.5, "the answer of three seconds was not waited for"
    assert "Traceback" not in process.stderr.read()
    assert chat("--continue", "-m", "And?").out == "counted\n"
    process.stdout.close()
    process.stderr.close()


WRONG = [
    (["--url", "localhost:8000", "-m", "x"], 2, "is no address of a server"),
    (["--url", "http://user:word@localhost", "-m", "x"], 2, "is no address of a server"),
    (["--url", "http://127.0.0.1:9", "-m", "x"], 6, "http://127.0.0.1:9: Connection refused\n"),
    (["--resume", "ffffffffffff", "-m", "x"], 2, "no conversation begins with"),
    (["--resume", "f", "--continue"], 2, "cannot be combined"),
    (["--continue", "--plan", "-m", "x"], 2, "write /plan in the conversation"),
    (["--continue", "--thinking", "-m", "x"], 2, "this one thinks as it began"),
    (["--resume", "f", "--effort", "max", "-m", "x"], 2, "--effort is for a new conversation"),
    (["--effort", "none", "-m", "x"], 2, "'high', 'max'"),
    (["--model", "", "-m", "x"], 2, "--model is empty"),
    (["--model", "nosuch", "-m", "x"], 2, 'no model "nosuch"\n    write one of: claude-'),
    (["--model", "nosuch"], 2, '--model: there is no model "nosuch"\n'),
    (["--model", "gpt-4o", "-m", "x"], 6, "--model: the model gpt-4o needs OPENAI_API_KEY\n"),
    (["--model", "scripted:missing.json", "-m", "x"], 6, "missing.json: there is no such file\n"),
    (["--preset", " ", "-m", "x"], 2, "--preset is empty"),
    (["--resume", "", "-m", "x"], 2, "--resume is empty"),
    (["--url", "", "-m", "x"], 2, "--url is empty"),
    (["Fix it"], 2, 'pa chat -m "..."'),
    (["-", "-m", "x"], 2, "cannot be combined"),
    (["-d", "missing", "-m", "x"], 2, "there is no such directory"),
]


@pytest.mark.parametrize(("arguments", "code", "words"), WRONG)
def test_a_mistake_is_named_with_its_cure(
    embedded_chat: ChatProgram, arguments: list[str], code: int, words: str
) -> None:
    ran = embedded_chat(*arguments)
    assert ran.code == code, ran.err
    assert words in ran.err
    assert ran.out == ""


def test_input_that_is_no_text_is_refused(embedded_chat: ChatProgram) -> None:
    done = subprocess.run(
        embedded_chat.command(),
        cwd=embedded_chat.folder,
        env=embedded_chat.env,
        input=b"\xff\xfe\n",
        capture_output=True,
        check=False,
    )
    assert done.returncode == 2
    assert b"the input is not UTF-8" in done.stderr


def test_without_a_key_the_turn_says_what_is_missing(tmp_path: Path) -> None:
    with embedded_program(tmp_path, ANTHROPIC_API_KEY="") as chat:
        ran = chat("-m", "Hello")
    assert ran.code == 6
    assert "ANTHROPIC_API_KEY" in ran.err


def test_a_server_with_a_key_is_told_it_from_the_environment(tmp_path: Path) -> None:
    with serving(tmp_path, API_KEY="the key") as served:
        chat = server_program(served, tmp_path)
        chat.script("With the key", Reply(text=("yes",)))
        assert chat("-m", "With the key").out == "yes\n"
        chat.env["API_KEY"] = "another"
        ran = chat("-m", "With the key")
        assert (ran.code, ran.out) == (2, "")
        assert "set API_KEY" in ran.err
        assert "another" not in ran.err


def test_without_the_libraries_of_a_terminal_one_message_works(embedded_chat: ChatProgram) -> None:
    embedded_chat.script("Without them", Reply(text=("works",)))
    code = (
        "import sys; sys.modules.update(prompt_toolkit=None, fastapi=None, websockets=None);"
        "from agentproxy.cli.main import main; main()"
    )
    command = embedded_chat.command("-m", "Without them")
    done = subprocess.run(
        [command[0], "-c", code, *command[3:]],
        cwd=embedded_chat.folder,
        env=embedded_chat.env,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (0, "works\n"), done.stderr


def test_a_server_that_comes_back_loses_nothing_and_tells_nothing_twice(tmp_path: Path) -> None:
    scripts = Scripts()
    with model_server(think=scripts.think) as model:
        first = start_server(tmp_path, model, scripts)
        chat = server_program(first, tmp_path)
        again = replace(SLOW, text=tuple(f"v{n} " for n in range(10)))
        chat.script("Over a kill", SLOW, again, Reply(text=("after",)))
        process = chat.start("-m", "Over a kill")
        assert process.stdout is not None
        begun = process.stdout.read(9)
        first.kill()
        port = first.url.rpartition(":")[2]
        second = start_server(tmp_path, model, scripts, "--port", port)
        try:
            out, err = process.communicate(timeout=60)
        finally:
            second.kill()
    assert process.returncode == 0, err
    assert "the connection is lost" in err
    assert "connected again" in err
    assert (begun + out).count("v9 ") == 1, "the answer was asked for again, and told once"


def test_the_events_of_both_ways_are_the_same(embedded_chat: ChatProgram, served: Served) -> None:
    told: list[list[str]] = []
    for chat in (embedded_chat, server_program(served, served.folder)):
        chat.script("The same", Reply(text=("a",), calls=(FILE,), stop="tools"), Reply(text=("b",)))
        records = chat("--output", "json", "-m", "The same").records
        told.append([json.dumps(sorted(record)) for record in records])
        assert text_of(records) == "ab"
    assert told[0] == told[1]


def test_commands_for_runs_say_how_a_conversation_goes_on(embedded_chat: ChatProgram) -> None:
    chat = embedded_chat
    chat.script("No run", Reply(text=("ok",)))
    assert chat("-m", "No run").code == 0
    conversation = chat.conversations()[0]
    for words in (["show"], ["stop"], ["resume"], ["message", "Go on"]):
        command, *text = words
        told = run_pa(
            [command, conversation, *text], cwd=chat.folder, env=chat.env, stdin="", patience=60
        )
        said = f"pa: {conversation} is a conversation, not a supervised run\n"
        cure = f"    pa chat --resume {conversation} goes on with it\n"
        assert (told.returncode, told.stderr) == (2, said + cure)


def test_a_model_is_chosen_for_a_new_conversation_of_this_process(
    embedded_chat: ChatProgram, served: Served, tmp_path: Path
) -> None:
    chat = embedded_chat
    chat.script("Be small", Reply(text=("ok",)), Reply(text=("again",)))
    assert chat("--model", "claude-haiku-4-5", "-m", "Be small").code == 0
    assert chat("--continue", "-m", "And again").out == "again\n"
    models = [body["model"] for body in chat.scripts.asked["Be small"]]
    assert models == ["claude-haiku-4-5"] * 2
    for other, arguments in (
        (chat, ("--continue",)),
        (server_program(served, tmp_path), ()),
    ):
        refused = other("--model", "claude-haiku-4-5", *arguments, "-m", "Be small")
        assert (refused.code, "--model is for a" in refused.err) == (2, True)
