"""What every worker promises, asked of each adapter in turn."""

import asyncio
import json
import os
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from support.repositories import sandbox

from agentproxy.events.envelope import Fact
from agentproxy.events.requests import Decision, Request
from agentproxy.models.scripted import SCRIPT, ScriptedModel
from agentproxy.workers.builtin import BuiltinWorker
from agentproxy.workers.command import CommandWorker
from agentproxy.workers.port import Brief, WorkEnded, Worker, WorkerCallbacks, WorkerError
from agentproxy.workers.program import Program
from agentproxy.workers.scripted import ScriptedWorker, read_script
from agentproxy.workspace.environment.job_layout import JobLayout
from agentproxy.workspace.sandbox.port import Mount

Makes = Callable[[str], Worker]


def _bash(command: str) -> dict[str, object]:
    return {"calls": [{"name": "bash", "arguments": {"command": command}}]}


SCRIPTS: dict[str, tuple[str, list[list[dict[str, object]]]]] = {
    "writes": ("printf done > made.txt", [[{"do": "write", "path": "made.txt", "text": "done"}]]),
    "gives up": ("exit 3", [[{"do": "give_up", "reason": "too hard"}]]),
    "says": ("echo hello; echo there", [[{"do": "say", "text": "hello\nthere"}]]),
    "waits": ("sleep 30; touch late", [[{"do": "wait", "seconds": 30}]]),
    "two rounds": (
        'printf "$AGENTPROXY_ROUND" > round.txt',
        [[{"do": "write", "path": "round.txt", "text": str(number)}] for number in (1, 2)],
    ),
}


TURNS: dict[str, list[dict[str, object]]] = {
    "writes": [_bash("printf done > made.txt"), {"text": "Done."}],
    "gives up": [{"text": "Too hard.", "stop": "refused"}],
    "says": [{"text": "hello\nthere"}],
    "waits": [_bash("sleep 30; touch late"), {"text": "Done."}],
    "two rounds": [
        _bash("n=$(cat round.txt || echo 0); printf $((n+1)) > round.txt"),
        {"text": "Done."},
    ],
}


@pytest.fixture(params=["command", "scripted", "builtin"])
def makes(request: pytest.FixtureRequest, tmp_path: Path) -> Makes:
    def command(what: str) -> Worker:
        file = tmp_path / "bin" / "worker.sh"
        file.parent.mkdir()
        file.write_text(f"#!/bin/sh\n{SCRIPTS[what][0]}\n")
        file.chmod(0o755)
        program = Program.parse(str(file), started_in=tmp_path, environ=os.environ)
        return CommandWorker("mine", program, sandbox=sandbox())

    def scripted(what: str) -> Worker:
        file = tmp_path / "script.json"
        file.write_text(json.dumps(SCRIPTS[what][1]))
        return ScriptedWorker("mine", read_script(file))

    def builtin(what: str) -> Worker:
        script = SCRIPT.validate_python(TURNS[what])
        return BuiltinWorker(ScriptedModel("scripted:x", script), sandbox=sandbox())

    ways: dict[str, Makes] = {"command": command, "scripted": scripted, "builtin": builtin}
    return ways[request.param]


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


def line(shown: list[str]) -> WorkerCallbacks:
    async def ask(request: Request) -> Decision:
        return Decision(request=request.id, allowed=True, by="policy")

    async def record(fact: Fact) -> None:
        assert fact

    return WorkerCallbacks(ask=ask, record=record, show=shown.append)


def play(work: Awaitable[WorkEnded]) -> WorkEnded:
    async def limited() -> WorkEnded:
        async with asyncio.timeout(60):
            return await work

    return asyncio.run(limited())


def test_its_work_is_in_the_tree_and_it_claims_done(makes: Makes, tree: Path) -> None:
    ended = play(makes("writes").work(brief(tree), line([])))
    assert ended.claims
    assert (tree / "made.txt").read_text() == "done"


def test_without_success_it_claims_nothing_and_says_why(makes: Makes, tree: Path) -> None:
    ended = play(makes("gives up").work(brief(tree), line([])))
    assert not ended.claims
    assert ended.reason


def test_what_it_says_is_shown_as_it_comes(makes: Makes, tree: Path) -> None:
    shown: list[str] = []
    play(makes("says").work(brief(tree), line(shown)))
    assert "hello\nthere" in "".join(shown)


def test_it_is_called_again_for_each_round(makes: Makes, tree: Path) -> None:
    worker = makes("two rounds")
    for number in (1, 2):
        assert play(worker.work(brief(tree, number=number), line([]))).claims
        assert (tree / "round.txt").read_text() == str(number)


def test_cancelling_ends_it_at_once_and_whole(makes: Makes, tree: Path) -> None:
    worker = makes("waits")

    async def story() -> float:
        working = asyncio.create_task(worker.work(brief(tree), line([])))
        await asyncio.sleep(1)
        began = time.monotonic()
        working.cancel()
        await asyncio.wait({working})
        assert working.cancelled()
        return time.monotonic() - began

    assert asyncio.run(story()) < 10
    assert not (tree / "late").exists()


def test_its_time_is_bounded_and_the_end_says_so(makes: Makes, tree: Path) -> None:
    ended = play(makes("waits").work(brief(tree, seconds=1), line([])))
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
    [("", "empty"), ("'", "cannot be read"), ("no-such-program", "is not there")],
)
def test_a_command_that_cannot_work_is_refused_with_the_cure(
    tmp_path: Path, command: str, says: str
) -> None:
    with pytest.raises(WorkerError, match=says) as refused:
        Program.parse(command, started_in=tmp_path, environ=os.environ)
    assert refused.value.cure


@pytest.mark.parametrize("text", ["", "{}", "[[{}]]", '[[{"do": "fly"}]]', "[" * 5000, "\x00"])
def test_a_script_that_is_none_is_refused_with_the_cure(tmp_path: Path, text: str) -> None:
    file = tmp_path / "script.json"
    file.write_text(text)
    with pytest.raises(WorkerError) as refused:
        read_script(file)
    assert refused.value.cure
