"""`pa chat` at a terminal of its own, with the engine inside and with a server."""

import json
import secrets
import signal
import subprocess
import time
from contextlib import suppress
from pathlib import Path

import pytest
from support.answers import Reply
from support.chat_clients import ChatProgram, server_program
from support.chats import Scripts, Served, start_server, wait_until
from support.life import alive_with, nobody_is_left
from support.model_server import model_server
from support.terminals import CTRL_C, CTRL_D, Terminal, anew, at_terminal

READY = "/help lists commands"
ALLOW = "allow? (y/n/r)"
FILE = ("write_file", '{"path": "made.txt", "content": "first\\nsecond"}')
OTHER = ("write_file", '{"path": "other.txt", "content": "x"}')


def count(number: int = 80) -> Reply:
    return Reply(text=tuple(f"w{n} " for n in range(number)), fault="slow")


def settle(terminal: Terminal) -> None:
    """Waits until the turn is over: its last text comes a little before."""
    came = ""
    while "idle;" not in came:
        terminal.enter("/status")
        came = terminal.until("messages wait; on:")


def calls(*called: tuple[str, str]) -> Reply:
    return Reply(calls=called, stop="tools")


def test_ctrl_c_stops_the_turn_at_once_and_the_feedback_runs_with_the_context(
    chat: ChatProgram,
) -> None:
    chat.script("Count at length", count(), Reply(text=("I name them",)))
    with chat.terminal() as terminal:
        terminal.until(READY)
        terminal.enter("Count at length")
        terminal.until("w5")
        began = time.monotonic()
        terminal.press(CTRL_C)
        terminal.until("feedback>", "stopped")
        assert time.monotonic() - began < 2, "the answer of four seconds was not waited for"
        terminal.enter("Name them instead")
        terminal.until("I name them")
        terminal.press(CTRL_D)
        terminal.until("comes back")
        assert terminal.end() == 0
    asked = chat.scripts.asked["Count at length"][1]["messages"]
    assert [each["role"] for each in asked] == ["user", "assistant", "user"]
    assert asked[1]["content"][0]["text"].startswith("w0 w1")
    assert "Name them instead" in json.dumps(asked[2])


def left(terminal: Terminal) -> int:
    """The exit code after Ctrl+D. Between two prompts the terminal itself may swallow the key."""
    for _ in range(5):
        terminal.press(CTRL_D)
        with suppress(subprocess.TimeoutExpired):
            return terminal.end(patience=6)
    raise AssertionError(f"it does not leave: {terminal.shown[-200:]!r}")


def test_what_is_entered_just_before_leaving_is_not_lost(chat: ChatProgram) -> None:
    chat.script("Entered and left", Reply(text=("Heard",)), Reply(text=("Heard",)))
    with chat.terminal() as terminal:
        terminal.until(READY)
        terminal.enter("Entered and left")
        time.sleep(0.01)
        assert left(terminal) == 0
    with chat.terminal("--continue") as terminal:
        terminal.until("Entered and left", "Heard")


def test_an_empty_line_of_feedback_leads_to_the_normal_prompt(chat: ChatProgram) -> None:
    chat.script("Count and stop", count(), Reply(text=("Well",)))
    with chat.terminal() as terminal:
        terminal.until(READY)
        terminal.enter("Count and stop")
        terminal.until("w3")
        terminal.press(CTRL_C)
        terminal.until("feedback>", "stopped")
        terminal.enter("")
        terminal.enter("/status")
        terminal.until("idle; 0 messages wait")
        terminal.enter("Go on")
        terminal.until("Well")
        assert terminal.shown.count("feedback>") <= 3, "it is not asked for again"
        terminal.enter("/quit")
        assert terminal.end() == 0


def test_what_is_asked_is_shown_whole_and_nothing_typed_before_is_an_answer(
    chat: ChatProgram,
) -> None:
    chat.script(
        "Write it carefully",
        Reply(text=("a ",) * 60, calls=(FILE,), stop="tools", fault="slow"),
        calls(OTHER),
        calls(FILE),
        Reply(text=("That is all",)),
    )
    with chat.terminal("--approval") as terminal:
        terminal.until(READY)
        terminal.enter("Write it carefully")
        terminal.until("a ")
        terminal.press("y")  # half a message, before anything was asked
        terminal.until("y")  # it is read
        asked = terminal.until(ALLOW)
        for words in ("write_file", "path: made.txt", "first\n", "second\n"):
            assert words in asked
        workspace = chat.workspaces / chat.conversations()[0]
        terminal.enter("")
        terminal.until("write y for yes")
        terminal.enter("maybe")
        terminal.until("write y for yes")
        assert not (workspace / "made.txt").exists()
        terminal.enter("y")
        terminal.until("[1] write_file made.txt")
        terminal.until(ALLOW)
        terminal.enter("n not that one")
        terminal.until("denied: write_file")
        terminal.until(ALLOW)
        terminal.enter("r")
        terminal.until("approval is off")
        terminal.until("That is all")
        terminal.press("es, thanks\r")  # the half message is still there
        terminal.until("> yes, thanks")
    assert (workspace / "made.txt").read_text() == "first\nsecond"
    assert not (workspace / "other.txt").exists()
    told = json.dumps(chat.scripts.asked["Write it carefully"][2]["messages"][-1])
    assert "User denied this tool call: not that one" in told


def test_messages_that_wait_are_seen_and_worked_on_in_order(chat: ChatProgram) -> None:
    chat.script("The first of these", count(20), Reply(text=("two is done",)), Reply(text=("end",)))
    with chat.terminal() as terminal:
        terminal.until(READY)
        terminal.enter("The first of these")
        terminal.until("w2")
        terminal.enter("The second")
        terminal.until("waits: The second")
        terminal.enter("The third")
        terminal.until("waits: The third")
        terminal.enter("/queue")
        terminal.until("2. The third")
        terminal.until("> The second")
        terminal.until("two is done")
        terminal.until("> The third")
        terminal.until("end")
        terminal.enter("/quit")
        assert terminal.end() == 0


def test_a_plan_is_made_rejected_and_approved(chat: ChatProgram) -> None:
    def plan(text: str) -> Reply:
        return calls(("exit_plan_mode", json.dumps({"plan": text})))

    chat.script("Plan at the desk", plan("1. a"), plan("1. b"), Reply(text=("Executed",)))
    with chat.terminal() as terminal:
        terminal.until(READY)
        terminal.enter("/plan")
        terminal.until("plan mode is on")
        terminal.enter("/approve")
        terminal.until("no plan waits")
        terminal.enter("Plan at the desk")
        terminal.until("1. a")
        terminal.until("/approve executes it")
        terminal.enter("/reject longer")
        terminal.until("the plan is rejected: longer")
        terminal.until("1. b")
        terminal.until("/approve executes it")
        terminal.enter("/approve")
        terminal.until("plan mode is off")
        terminal.until("Executed")
        terminal.enter("/quit")
        assert terminal.end() == 0


def test_tools_are_folded_and_shown_whole_when_asked(chat: ChatProgram) -> None:
    chat.script("Fold this", calls(FILE, OTHER), Reply(text=("Folded",)))
    with chat.terminal() as terminal:
        terminal.until(READY)
        terminal.enter("Fold this")
        came = terminal.until("Folded")
        assert "second" not in came
        terminal.enter("/expand 9")
        terminal.until("a number from 1 to 2")
        terminal.enter("/expand 1")
        terminal.until("second\n")
        terminal.until("Wrote 12 bytes")
        terminal.enter("/help")
        terminal.until("Ctrl+C stops the turn and asks for feedback")
        terminal.enter("/dance")
        terminal.until("/dance is unknown")
        settle(terminal)
        terminal.enter("/teams on")
        terminal.until("teams is on")
        terminal.press(CTRL_C)
        terminal.until("/quit leaves")
        terminal.enter("/exit")
        assert terminal.end() == 0


def test_a_thought_is_one_line_before_its_text_and_shown_whole_when_asked(
    chat: ChatProgram,
) -> None:
    thought = "First this\n" + "and that " * 40
    chat.script("Think on it", Reply(thinking=thought, text=("a ",) * 20, fault="slow"))
    with chat.terminal("--thinking") as terminal:
        terminal.until(READY)
        terminal.enter("Think on it")
        terminal.until("thinking")  # only what changed of the line is drawn
        came = terminal.until("[1] thought  First this (+1 lines)")
        assert "and that" not in came
        terminal.until("a a a")
        settle(terminal)
        terminal.enter("/expand 1")
        terminal.until("and that and that")
        terminal.enter("/status")
        terminal.until("on: thinking (high)")
        terminal.enter("/quit")
        assert terminal.end() == 0
    (body,) = chat.scripts.asked["Think on it"]
    assert body["thinking"]["type"] == "enabled"


def test_a_resumed_conversation_is_shown_again(chat: ChatProgram) -> None:
    chat.script("To be resumed", Reply(text=("The answer",)))
    assert chat("-m", "To be resumed").code == 0
    with chat.terminal("--continue") as terminal:
        terminal.until("> To be resumed")
        terminal.until("The answer")
        terminal.enter("/quit")
        assert terminal.end() == 0


def test_text_of_the_model_cannot_steer_the_terminal(chat: ChatProgram) -> None:
    chat.script("Steer it", Reply(text=("\x1b]0;title\x07\x1b[2J", "red\u202e\n", "after")))
    with chat.terminal() as terminal:
        terminal.until(READY)
        terminal.enter("Steer it")
        terminal.until("after")
        assert b"title\x07" not in terminal.seen
        assert "\u202e" not in terminal.shown
        terminal.enter("/quit")
        assert terminal.end() == 0


def test_markdown_is_drawn_as_soon_as_a_part_of_it_is_whole(served: Served, tmp_path: Path) -> None:
    chat = server_program(served, tmp_path)
    title, rest = "## A title\n\nSome **bo", tuple(f"w{n} " for n in range(40))
    chat.script("Draw it", Reply(text=(title, "ld** text\n\n", *rest), fault="slow"))
    with chat.terminal() as terminal:
        terminal.until(READY)
        terminal.enter("Draw it")
        terminal.until("Some bold text", "w3")
        assert b"\x1b[0;1mbold" in terminal.seen
        terminal.until("w39")
        settle(terminal)
        terminal.enter("/quit")
        assert terminal.end() == 0
    with at_terminal(
        anew(chat.command("--continue")), cwd=chat.folder, env={**chat.env, "TERM": "dumb"}
    ) as terminal:
        terminal.until("## A title", "Some **bold** text")
        terminal.enter("/quit")
        assert terminal.end() == 0


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_it_without_a_trace_and_the_turn_with_it(
    embedded_chat: ChatProgram, number: signal.Signals
) -> None:
    chat = embedded_chat
    chat.script("Ended by a signal", count(), Reply(text=("again",)))
    with at_terminal(anew(chat.command()), cwd=chat.folder, env=chat.env) as terminal:
        terminal.until(READY)
        terminal.enter("Ended by a signal")
        terminal.until("w3")
        terminal.process.send_signal(number)
        assert terminal.end() == 130
        assert "Traceback" not in terminal.shown
        assert terminal.shown.endswith("comes back\n")
    assert chat("--continue", "-m", "And now?").out == "again\n"


def test_a_command_of_the_agent_ends_with_the_turn(embedded_chat: ChatProgram) -> None:
    chat = embedded_chat
    mark = secrets.token_hex(8)
    command = f"touch begun; sleep 60; echo {mark}"
    chat.script("Run for long", calls(("bash", json.dumps({"command": command}))))
    with chat.terminal() as terminal:
        terminal.until(READY)
        terminal.enter("Run for long")
        terminal.until("bash touch begun")
        conversation = chat.conversations()[0]
        wait_until((chat.workspaces / conversation / "begun").exists)
        assert alive_with(mark)
        terminal.press(CTRL_D)
        assert terminal.end(patience=5) == 0
    assert nobody_is_left(mark) == []


def test_without_prompt_toolkit_it_says_what_to_install(embedded_chat: ChatProgram) -> None:
    code = (
        "import sys; sys.modules['prompt_toolkit'] = None;"
        "from agentproxy.cli.main import main; main()"
    )
    chat = embedded_chat
    command = chat.command()
    command = [command[0], "-c", code, *command[3:]]
    with at_terminal(anew(command), cwd=chat.folder, env=chat.env) as terminal:
        terminal.until("pip install 'agentproxy[chat]'")
        assert terminal.end() == 6


def test_help_loads_nothing_heavy(embedded_chat: ChatProgram) -> None:
    chat = embedded_chat
    code = (
        "import sys, atexit; heavy = {'asyncio', 'prompt_toolkit', 'pydantic', 'websockets'};"
        "atexit.register(lambda: print('loaded', sorted(heavy & set(sys.modules))));"
        "from agentproxy.cli.main import main; main()"
    )
    done = subprocess.run(
        [chat.command()[0], "-c", code, "chat", "--help"],
        env=chat.env,
        capture_output=True,
        text=True,
        check=True,
    )
    assert "pa chat --continue" in done.stdout
    assert done.stdout.endswith("loaded []\n")


def test_a_terminal_survives_a_server_that_is_killed_in_mid_answer(tmp_path: Path) -> None:
    scripts = Scripts()
    with model_server(think=scripts.think) as model:
        first = start_server(tmp_path, model, scripts)
        chat = server_program(first, tmp_path)
        chat.script("Through a kill", count(40), count(40))
        with chat.terminal() as terminal:
            terminal.until(READY)
            terminal.enter("Through a kill")
            terminal.until("w5")
            first.kill()
            terminal.until("the connection is lost")
            terminal.enter("Meanwhile")  # is sent when the server is back
            second = start_server(tmp_path, model, scripts, "--port", first.url.split(":")[-1])
            try:
                terminal.until("connected again")
                chat.script("Meanwhile", Reply(text=("Both are done",)))
                chat.scripts.by_word["Through a kill"].append(Reply(text=("Both are done",)))
                terminal.until("w39")
                terminal.until("Both are done")
                terminal.enter("/quit")
                assert terminal.end() == 0
            finally:
                second.kill()
