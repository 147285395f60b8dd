"""kill -9 of `pa` while Claude Code works, then `pa resume`: it goes on, and nothing is left."""

import itertools
import json
import os
import random
import secrets
import sys
from pathlib import Path

import pytest
from support.claude_code import claude_table
from support.front_door import new_pa
from support.kills import Story, Task, watch
from support.model_server import Body, Reply, Server, model_server
from support.projects import MEND, PYTEST, TESTED_CALC
from support.relay import keys_for

pytestmark = [pytest.mark.agents, pytest.mark.timeout(600)]
KILLS = int(os.environ.get("KILLS", "4"))
SEED = int(os.environ.get("KILL_SEED", "20261130"))
POINTS_A_RUN = 4
NUMBERS = itertools.count()


def think(body: Body) -> Reply:
    """A model that knows only what the conversation tells it, as real ones do."""
    key, said = f"{next(NUMBERS)}-", json.dumps(body["messages"])
    if "return a + b" in said:
        return Reply(text=("It is mended.",), key=key)
    looked = said.count('"tool_result"')
    step = f"sleep 0.3; echo {looked}" if looked < 3 else f"{MEND}; cat calc.py"
    given = json.dumps({"command": step, "description": "A step"})
    return Reply(text=("So.",), calls=(("Bash", given),), stop="tools", key=key)


def new_task(folder: Path, server: Server) -> Task:
    marker = f"marked{secrets.token_hex(6)}"
    pa = new_pa(folder / marker, TESTED_CALC)
    configuration = pa.home / "config" / "agentproxy"
    configuration.mkdir(parents=True)
    (configuration / "config.toml").write_text(claude_table())
    pa.env.update(keys_for(server))
    words = ("-o", "json", "--worker", "claude", "--model", "claude-sonnet-4-6", "--check", PYTEST)
    return Task(pa, marker, (*words, "Fix add"))


def test_it_goes_on_after_kills_at_random_moments_and_nobody_is_left(tmp_path: Path) -> None:
    chance, kills, runs = random.Random(SEED), 0, 0
    with model_server(think=think) as server:
        seen = watch(new_task(tmp_path / "undisturbed", server))
        assert (seen.ran.code, seen.ran.result["verdict"]) == (0, "verified"), seen.ran.err
        while kills < KILLS and runs < KILLS:
            story = Story(new_task(tmp_path / str(runs), server))
            ran, _ = story.through(seen.points(chance, POINTS_A_RUN))
            pa, runs, kills = story.task.pa, runs + 1, kills + story.kills
            assert (ran.code, ran.result["verdict"]) == (0, "verified"), ran.records[-4:]
            assert "a + b" in pa.git("show", f"{ran.result['branch']}:calc.py")
            assert "a - b" in (pa.project / "calc.py").read_text()
    sys.stdout.write(f"seed {SEED}: {kills} kills in {runs} runs\n")
    assert kills >= KILLS
