"""At a terminal: what is drawn, and what is asked, in a real pseudo-terminal."""

import json
import os
import pty
import select
import time

from support.front_door import Pa
from support.projects import CHECK, MEND
from support.terminals import forked

FIXED = "def add(a, b):\n    return a + b\n\n\ndef double(a):\n    return a * 2\n"


class Terminal:
    """`pa` in a pseudo-terminal; `seen` is all that it has drawn."""

    def __init__(self, pa: Pa, *arguments: str) -> None:
        self.master, slave = pty.openpty()
        env = {**pa.environment(), "TERM": "xterm", "COLUMNS": "120"}
        self.process = forked(arguments)(slave, pa.project, env)
        os.close(slave)
        self.seen = ""

    def wait_for(self, text: str, *, patience: float = 60) -> None:
        """Read until a text was drawn."""
        end = time.monotonic() + patience
        while text not in self.seen:
            assert time.monotonic() < end, (text, self.seen)
            ready, _, _ = select.select([self.master], [], [], 0.2)
            if ready:
                self.seen += os.read(self.master, 65536).decode(errors="replace")

    def type(self, text: str) -> None:
        """As a person types a line."""
        os.write(self.master, text.encode() + b"\n")

    def end(self) -> int:
        """Read to the end, and say the exit code."""
        while True:
            try:
                chunk = os.read(self.master, 65536)
            except OSError:
                break
            if not chunk:
                break
            self.seen += chunk.decode(errors="replace")
        os.close(self.master)
        return self.process.wait(timeout=60)


def scripted(pa: Pa, *steps: dict[str, object]) -> str:
    path = pa.scripts / "script.json"
    path.write_text(json.dumps([[*steps, {"do": "write", "path": "calc.py", "text": FIXED}]]))
    return f"scripted:{path}"


def test_the_drawn_screen_ends_with_the_verdict_and_what_a_worker_prints_cannot_steer_it(
    pa: Pa,
) -> None:
    worker = pa.worker(f"printf '\\033]0;owned\\007\\033[2J'; sleep 0.5; {MEND}")
    terminal = Terminal(pa, "--worker", worker, "--check", CHECK, "Make it right")
    assert terminal.end() == 0
    for text in ("Make it right", "contract", "return a + b", "VERIFIED", "pa apply"):
        assert text in terminal.seen
    assert "\x1b[" in terminal.seen
    assert "\x1b]0;owned" not in terminal.seen
    assert "\x1b[2J" not in terminal.seen


def test_a_question_is_asked_at_the_terminal_and_the_typed_answer_reaches_the_worker(
    pa: Pa,
) -> None:
    worker = scripted(pa, {"do": "ask", "text": "Plus or minus?", "into": "notes.md"})
    terminal = Terminal(pa, "--worker", worker, "--check", CHECK, "Make it right")
    terminal.wait_for("? Plus or minus?")
    terminal.type("plus, of course")
    assert terminal.end() == 0
    branch = pa.git("for-each-ref", "--format=%(refname:short)", "refs/heads/agentproxy")
    assert pa.git("show", f"{branch}:notes.md") == "plus, of course"


def test_what_was_typed_before_a_permission_was_asked_does_not_allow_it(pa: Pa) -> None:
    steps: list[dict[str, object]] = [
        {"do": "say", "text": "the work has begun"},
        {"do": "wait", "seconds": 0.5},
        {"do": "ask_permission", "action": "run", "subject": "git push origin"},
    ]
    arguments = ["--max-rounds", "1", "--worker", scripted(pa, *steps), "--check", CHECK, "Fix it"]
    terminal = Terminal(pa, *arguments)
    terminal.wait_for("the work has begun")
    terminal.type("y")
    terminal.type("y")
    terminal.wait_for("git push origin (y/n")
    terminal.type("n nobody saw it")
    assert terminal.end() in (1, 3)
    assert "nobody saw it" in terminal.seen


def test_what_was_typed_before_more_time_was_asked_for_grants_none_and_nothing_typed_parks(
    pa: Pa,
) -> None:
    worker = pa.worker("sleep 60")
    terminal = Terminal(pa, "--max-time", "1s", "--worker", worker, "--check", CHECK, "Fix it")
    terminal.wait_for("the worker works")
    terminal.type("1m")
    terminal.wait_for("how much more")
    terminal.type("")
    assert terminal.end() == 5


def test_an_answer_from_another_terminal_withdraws_the_question_here(pa: Pa) -> None:
    worker = scripted(pa, {"do": "ask", "text": "Plus or minus?", "into": "notes.md"})
    terminal = Terminal(pa, "--worker", worker, "--check", CHECK, "Make it right")
    terminal.wait_for("? Plus or minus?")
    run = json.loads(pa("list", "-o", "json").out)["run"]
    assert pa("answer", run, "from afar").code == 0
    assert terminal.end() == 0
    assert "from afar" in terminal.seen


def test_a_key_of_the_user_that_a_worker_prints_is_not_drawn(pa: Pa) -> None:
    pa.env["MY_TOKEN"] = "correct-horse-battery"
    pieces = "printf 'it is correct-ho'; sleep 0.3; echo rse-battery; sleep 0.5"
    terminal = Terminal(pa, "--worker", pa.worker(f"{pieces}; {MEND}"), "--check", CHECK, "Fix it")
    assert terminal.end() == 0
    assert "correct-ho" not in terminal.seen
    assert "rse-battery" not in terminal.seen
    assert "[REDACTED]" in terminal.seen


def test_at_a_reached_ceiling_the_person_is_asked_first_and_the_run_goes_on(pa: Pa) -> None:
    worker = pa.worker(f"[ -f $HOME/been ] && {{ {MEND}; exit 0; }}; sleep 60")
    arguments = ["--max-time", "1s", "--worker", worker, "--check", CHECK, "Make it right"]
    terminal = Terminal(pa, *arguments)
    terminal.wait_for("how much more")
    next(pa.home.glob("runs/*/home")).joinpath("been").touch()
    terminal.type("1m")
    assert terminal.end() == 0
    assert terminal.seen.count("round 1: the worker works") == 2
