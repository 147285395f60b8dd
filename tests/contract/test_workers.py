"""What every worker promises, asked of each adapter in turn."""

import asyncio
import json
import os
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from pathlib import Path

import pytest
from support.repositories import sandbox

from agentproxy.events.envelope import Fact
from agentproxy.events.requests import Decision, Request
from agentproxy.events.work import WorkerEnded
from agentproxy.models.scripted import SCRIPT, ScriptedModel
from agentproxy.workers.builtin import BuiltinWorker
from agentproxy.workers.command import CommandWorker
from agentproxy.workers.launcher import LaunchedProgram, Launcher
from agentproxy.workers.port import Brief, Worker, WorkerCallbacks, WorkerError
from agentproxy.workers.program import Program
from agentproxy.workers.scripted import ScriptedWorker, parse_script
from agentproxy.workspace.environment.job_layout import JobLayout
from agentproxy.workspace.sandbox.port import Mount

Makes = Callable[[str], Worker]


def _bash(command: str) -> dict[str, object]:
    return {"calls": [{"name": "bash", "arguments": {"command": command}}]}


SCRIPTS: dict[str, tuple[str, list[list[dict[str, object]]]]] = {
    "writes": ("printf done > made.txt", [[{"do": "write", "path": "made.txt", "text": "done"}]]),
    "gives up": ("exit 3", [[{"do": "give_up", "reason": "too hard"}]]),
    "says": ("echo hello; echo there", [[{"do": "say", "text": "hello\nthere"}]]),
    "waits": (
        "touch begun; sleep 30; touch late",
        [[{"do": "write", "path": "begun", "text": ""}, {"do": "wait", "seconds": 30}]],
    ),
    "two rounds": (
        'printf "$AGENTPROXY_ROUND" > round.txt',
        [[{"do": "write", "path": "round.txt", "text": str(number)}] for number in (1, 2)],
    ),
}


TURNS: dict[str, list[dict[str, object]]] = {
    "writes": [_bash("printf done > made.txt"), {"text": "Done."}],
    "gives up": [{"text": "Too hard.", "stop": "refused"}],
    "says": [{"text": "hello\nthere"}],
    "waits": [_bash("touch begun; sleep 30; touch late"), {"text": "Done."}],
    "two rounds": [
        _bash("n=$(cat round.txt || echo 0); printf $((n+1)) > round.txt"),
        {"text": "Done."},
    ],
}


# An agent that is told its task, and says what it does, as JSON lines over its pipes.
AGENT = """
import json, subprocess, sys
def say(**message):
    print(json.dumps(message), flush=True)
for line in sys.stdin:
    asked = json.loads(line)
    if asked["method"] == "hello":
        say(id=asked["id"], protocol=1)
    elif asked["method"] == "prompt":
        print("thinking", file=sys.stderr, flush=True)
        with subprocess.Popen(SCRIPT, shell=True, stdout=subprocess.PIPE, text=True) as shell:
            for printed in shell.stdout:
                say(text=printed)
        say(id=asked["id"], done=shell.wait() == 0)
"""


class ProtocolWorker:
    """Speaks JSON lines with a program, as adapters of real agents do: one process a round."""

    name = "mine"
    claims_by = "say that it is done"
    goes_on_from_facts = False
    opens_session = False

    def __init__(self, launcher: Launcher) -> None:
        self._launcher = launcher

    def grants(self) -> Sequence[str]:
        return self._launcher.grants.in_words()

    async def message(self, text: str, *, key: str) -> bool:
        return False

    async def work(self, brief: Brief, callbacks: WorkerCallbacks) -> WorkerEnded:
        async with self._launcher.open(brief, callbacks) as agent:
            hello = await self._ask(agent, "hello", callbacks=callbacks)
            done = (
                await self._ask(agent, "prompt", callbacks=callbacks, text=brief.text)
                if hello
                else {}
            )
            agent.stdin.close()
            launched = await agent.wait()
        ended = launched.ended
        claims = bool(done and done["done"])
        out_of_time = ended.ending == "timed_out"
        return WorkerEnded(
            round=brief.round,
            claims=claims and not out_of_time,
            reason="its time was up" if out_of_time else f"the agent says done: {claims}",
            exit_code=ended.exit_code,
            seconds=ended.seconds,
            output=ended.output,
            out_of_time=out_of_time,
            out_of_money=launched.out_of_money,
        )

    async def _ask(
        self, agent: LaunchedProgram, method: str, *, callbacks: WorkerCallbacks, **more: str
    ) -> dict[str, object]:
        """The answer to a request; what comes before it is shown. Empty when the agent dies."""
        request = {"id": method, "method": method, **more}
        await agent.stdin.write(json.dumps(request).encode() + b"\n")
        while text := await agent.stdout.read_line():
            said: dict[str, object] = json.loads(text)
            if said.get("id") == method:
                return said
            callbacks.show(str(said["text"]))
        return {}


@pytest.fixture(params=["command", "protocol", "scripted", "builtin"])
def makes(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Makes]:
    models: dict[str, ScriptedModel] = {}

    def launcher(text: str) -> Launcher:
        file = tmp_path / "bin" / "worker"
        file.parent.mkdir()
        file.write_text(text)
        file.chmod(0o755)
        program = Program.parse(str(file), started_in=tmp_path, environ=os.environ)
        return Launcher(program, sandbox=sandbox())

    def command(what: str) -> Worker:
        return CommandWorker("mine", launcher(f"#!/bin/sh\n{SCRIPTS[what][0]}\n"))

    def protocol(what: str) -> Worker:
        agent = AGENT.replace("SCRIPT", repr(SCRIPTS[what][0]))
        return ProtocolWorker(launcher(f"#!/usr/bin/python3\n{agent}"))

    def scripted(what: str) -> Worker:
        script = json.dumps(SCRIPTS[what][1]).encode()
        return ScriptedWorker("mine", parse_script(script, source="the test"))

    def builtin(what: str) -> Worker:
        script = SCRIPT.validate_python(TURNS[what])
        models[what] = ScriptedModel("scripted:x", script)
        return BuiltinWorker(models[what], sandbox=sandbox())

    ways: dict[str, Makes] = {
        "command": command,
        "protocol": protocol,
        "scripted": scripted,
        "builtin": builtin,
    }
    yield ways[request.param]
    for what, model in models.items():
        # One that waits is cancelled, and of one that does not work nothing is asked.
        assert what == "waits" or model.unused in ([], SCRIPT.validate_python(TURNS[what]))


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    (tmp_path / "tree").mkdir()
    return tmp_path / "tree"


def brief(tree: Path, *, number: int = 1, seconds: float = 60) -> Brief:
    home = tree.parent / "home"
    home.mkdir(exist_ok=True)
    return Brief(
        run="run",
        round=number,
        text="Do it",
        place=JobLayout(
            root=str(tree),
            cwd=str(tree),
            env={"PATH": os.environ["PATH"]},
            mounts=(Mount(at=str(tree), mode="rw", source=tree),),
        ),
        home=home,
        seconds=seconds,
    )


def callbacks(shown: list[str]) -> WorkerCallbacks:
    async def ask(request: Request) -> Decision:
        return Decision(request=request.id, allowed=True, by="policy")

    async def record(fact: Fact) -> None:
        assert fact

    return WorkerCallbacks(ask=ask, record=record, show=shown.append)


def play(work: Awaitable[WorkerEnded]) -> WorkerEnded:
    async def limited() -> WorkerEnded:
        async with asyncio.timeout(60):
            return await work

    return asyncio.run(limited())


def test_its_work_is_in_the_tree_and_it_claims_done(makes: Makes, tree: Path) -> None:
    ended = play(makes("writes").work(brief(tree), callbacks([])))
    assert ended.claims
    assert (tree / "made.txt").read_text() == "done"


def test_without_success_it_claims_nothing_and_says_why(makes: Makes, tree: Path) -> None:
    ended = play(makes("gives up").work(brief(tree), callbacks([])))
    assert not ended.claims
    assert ended.reason


def test_what_it_says_is_shown_as_it_comes(makes: Makes, tree: Path) -> None:
    shown: list[str] = []
    play(makes("says").work(brief(tree), callbacks(shown)))
    assert "hello\nthere" in "".join(shown)


def test_it_is_called_again_for_each_round(makes: Makes, tree: Path) -> None:
    worker = makes("two rounds")
    for number in (1, 2):
        ended = play(worker.work(brief(tree, number=number), callbacks([])))
        assert (ended.round, ended.claims) == (number, True)
        assert (tree / "round.txt").read_text() == str(number)


def test_cancelling_ends_it_at_once_and_whole(makes: Makes, tree: Path) -> None:
    worker = makes("waits")

    async def story() -> float:
        working = asyncio.create_task(worker.work(brief(tree), callbacks([])))
        async with asyncio.timeout(30):
            while not (tree / "begun").exists():
                await asyncio.sleep(0.01)
        began = time.monotonic()
        working.cancel()
        await asyncio.wait({working})
        assert working.cancelled()
        return time.monotonic() - began

    assert asyncio.run(story()) < 10
    assert not (tree / "late").exists()


def test_its_time_is_bounded_and_the_end_says_so(makes: Makes, tree: Path) -> None:
    ended = play(makes("waits").work(brief(tree, seconds=1), callbacks([])))
    assert ended.out_of_time
    assert not ended.claims


def test_it_says_its_name_its_grants_and_whether_it_hears(makes: Makes) -> None:
    worker = makes("writes")
    assert worker.name in ("mine", "builtin")
    assert list(worker.grants()) in ([], ["model scripted:x"])
    heard = asyncio.run(worker.message("hello", key="m1"))
    # Our own agent hears only while it works: its conversation is where a message is kept.
    assert heard == (worker.name == "mine" and isinstance(worker, ScriptedWorker))


@pytest.mark.parametrize(
    ("command", "says"),
    [("", "empty"), ("'", "cannot be read"), ("no-such-program", "does not exist")],
)
def test_a_command_that_cannot_work_is_refused_with_the_cure(
    tmp_path: Path, command: str, says: str
) -> None:
    with pytest.raises(WorkerError, match=says) as refused:
        Program.parse(command, started_in=tmp_path, environ=os.environ)
    assert refused.value.cure


@pytest.mark.parametrize("text", ["", "{}", "[[{}]]", '[[{"do": "fly"}]]', "[" * 5000, "\x00"])
def test_a_script_that_is_none_is_refused_with_the_cure(text: str) -> None:
    with pytest.raises(WorkerError) as refused:
        parse_script(text.encode(), source="script.json")
    assert refused.value.cure
