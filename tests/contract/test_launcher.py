"""What the launcher gives to a program that is talked with, and what it records of it."""

import asyncio
import os
from pathlib import Path

import pytest
from support.commands import callbacks
from support.repositories import sandbox

from agentproxy.events.envelope import Fact
from agentproxy.events.work import NetworkRefused, ProcessStarted
from agentproxy.workers.launcher import Launcher, WorkerGrants
from agentproxy.workers.port import Brief, WorkerCallbacks, WorkerError
from agentproxy.workers.program import Program
from agentproxy.workspace.environment.job_layout import JobLayout
from agentproxy.workspace.sandbox.port import Mount

PROGRAM = """#!/usr/bin/python3
import os, pathlib, sys, urllib.error, urllib.request
print("complains", file=sys.stderr, flush=True)
for asked in sys.stdin:
    if asked == "brief\\n":
        print(pathlib.Path(os.environ["AGENTPROXY_BRIEF"]).read_text())
    if asked == "variables\\n":
        print(os.environ["GIVEN"], os.environ["AGENTPROXY_RUN"], os.environ["AGENTPROXY_ROUND"])
    if asked == "elsewhere\\n":
        try:
            urllib.request.urlopen("http://elsewhere.example/")
        except urllib.error.HTTPError as error:
            print(error.code)
    sys.stdout.flush()
"""


def launcher(folder: Path) -> Launcher:
    file = folder / "bin" / "agent"
    file.parent.mkdir()
    file.write_text(PROGRAM)
    file.chmod(0o755)
    program = Program.parse(str(file), started_in=folder, environ=os.environ)
    grants = WorkerGrants(env={"GIVEN": "yes"}, hosts=("127.0.0.1:9",))
    return Launcher(program, sandbox=sandbox(), grants=grants)


def brief(folder: Path, *, cwd: str = "") -> Brief:
    tree, home = folder / "tree", folder / "home"
    for path in (tree, home):
        path.mkdir()
    mounts = (Mount(at=str(tree), mode="rw", source=tree),)
    place = JobLayout(root=str(tree), cwd=cwd or str(tree), env={}, mounts=mounts)
    return Brief(run="abc", round=2, text="Do it", place=place, home=home, seconds=60)


def test_a_program_that_is_open_has_its_brief_variables_and_grants_and_no_more(
    tmp_path: Path,
) -> None:
    facts: list[Fact] = []
    shown: list[str] = []
    plain = callbacks(facts)
    told = WorkerCallbacks(ask=plain.ask, record=plain.record, show=shown.append)

    async def talk() -> list[bytes]:
        answers: list[bytes] = []
        async with launcher(tmp_path).open(brief(tmp_path), told) as agent:
            for question in (b"brief\n", b"variables\n", b"elsewhere\n"):
                await agent.stdin.write(question)
                answers.append(await agent.stdout.read_line())
            agent.stdin.close()
            launched = await agent.wait()
        assert (launched.ended.exit_code, launched.ended.output) == (0, "complains\n")
        assert not launched.out_of_money
        return answers

    assert asyncio.run(talk()) == [b"Do it\n", b"yes abc 2\n", b"403\n"]
    assert "".join(shown) == "complains\n"
    started, refused = facts
    assert isinstance(started, ProcessStarted)
    assert isinstance(refused, NetworkRefused)
    assert refused.host.startswith("elsewhere.example")


def test_a_program_that_is_left_while_it_lives_ends_and_its_refusals_are_recorded(
    tmp_path: Path,
) -> None:
    facts: list[Fact] = []

    async def talk() -> int:
        async with launcher(tmp_path).open(brief(tmp_path), callbacks(facts)) as agent:
            await agent.stdin.write(b"elsewhere\n")
            assert await agent.stdout.read_line() == b"403\n"
            return agent.process.pid

    pid = asyncio.run(talk())
    assert not Path(f"/proc/{pid}").exists()
    assert [type(fact) for fact in facts] == [ProcessStarted, NetworkRefused]


def test_a_sandbox_that_cannot_be_set_up_is_the_workers_error(tmp_path: Path) -> None:
    async def talk() -> None:
        async with launcher(tmp_path).open(brief(tmp_path, cwd="/nowhere"), callbacks([])):
            pytest.fail("it is open")

    with pytest.raises(WorkerError, match="nowhere"):
        asyncio.run(talk())
