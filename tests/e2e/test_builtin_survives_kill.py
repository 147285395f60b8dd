"""kill -9 of `pa` while our own agent works for a supervisor that thinks, then `pa resume`."""

import json
import os
import random
import secrets
import sys
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

import pytest
from support.front_door import Pa, Ran, Record, new_pa
from support.kills import Story, Task, Undisturbed, watch
from support.life import Life, nobody_is_left
from support.projects import CALC, CHECK

Turn = dict[str, object]
SEED = int(os.environ.get("KILL_SEED", "20260101"))
PARTS, KILLS_A_PART, POINTS_A_RUN = 5, 10, 12
MAX_RUNS_A_PART = 8
BUDGET = 1.0
DOLLARS_FOR_A_MILLION = [1, 10]
CUT_OFF = "tool started and was cut off"
TOLD = "Its outcome is unknown to me: I look."
CRITERION = "add returns the sum of both"
DONE_ONCE = (
    "run_created",
    "base_recorded",
    "contexts_read",
    "plan_made",
    "contract_agreed",
    "environment_found",
    "worker_ended",
    "claim_recorded",
    "opinion_given",
    "round_judged",
    "decision_made",
    "delivered",
    "run_ended",
)
pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]


def call(tool: str, **arguments: object) -> Turn:
    return {"name": tool, "arguments": arguments}


def turn(text: str, *calls: Turn, **more: object) -> Turn:
    return {"text": text, "calls": calls, "seconds": 0.1, **more}


def steps(*names: str) -> list[Turn]:
    """Commands that take their time and leave a line, side by side."""
    return [call("bash", command=f"sleep 0.2; echo {name} | tee -a steps.log") for name in names]


MODEL = [
    turn("I look.", call("read_file", path="calc.py"), *steps("1a")),
    turn("Two at once.", *steps("2a", "2b")),
    turn("One.", *steps("3a")),
    turn("It subtracts.", call("edit_file", path="calc.py", old_text="a - b", new_text="a + b")),
    turn("Three at once.", *steps("5a", "5b", "5c")),
    turn("One more.", *steps("6a")),
    turn("I look again.", call("read_file", path="calc.py"), *steps("7a", "7b")),
    turn("Mended: add adds."),
    turn(TOLD, call("bash", command="sed -i 's/a - b/a + b/' calc.py; cat calc.py"), on=CUT_OFF),
]


def replies(on: str, **arguments: object) -> Turn:
    return {"on": on, "calls": [call("reply", **arguments)], "seconds": 0.2}


JUDGE = [
    replies("You plan work", parts=[{"task": "Fix", "checks": [CHECK], "criteria": [CRITERION]}]),
    replies("a hundred times"),
    replies("You judge one", says="met", quote="    return a + b", reason="it returns the sum"),
]


def new_task(folder: Path, *, model: Sequence[Turn] = MODEL, budget: float = BUDGET) -> Task:
    marker = f"marked{secrets.token_hex(6)}"
    pa = new_pa(folder / marker, CALC)
    worker, judge = pa.scripts / "model.json", pa.scripts / "judge.json"
    worker.write_text(json.dumps(model))
    judge.write_text(json.dumps(JUDGE))
    pa.env["MODEL_PRICING"] = json.dumps({"scripted:/": DOLLARS_FOR_A_MILLION})
    models = (
        "--worker",
        "builtin",
        "--model",
        f"scripted:{worker}",
        "--judge",
        f"scripted:{judge}",
    )
    return Task(pa, marker, ("-o", "json", *models, "--budget", str(budget), "Fix it"))


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Undisturbed:
    task = new_task(tmp_path_factory.mktemp("undisturbed"))
    seen = watch(task)
    it_is_proven(task.pa, seen.ran)
    assert len(seen.ran.of_kind("model_answered")) == len(MODEL) - 1
    assert seen.ran.of_kind("opinion_given")[0]["says"] == "met"
    return seen


def it_is_proven(pa: Pa, ran: Ran) -> None:
    assert (ran.code, ran.result["verdict"]) == (0, "verified"), (ran.result, ran.err)
    assert "return a + b" in pa.git("show", f"{ran.result['branch']}:calc.py")


def data_of(events: Iterable[Record], kind: str) -> list[Record]:
    return [event["data"] for event in events if event["kind"] == kind]


def nothing_was_repeated(events: Sequence[Record]) -> None:
    """What ended has ended once; and no tool is started again, not even one that was cut off."""
    counts = Counter(
        (event["kind"], event["data"].get("round"), event["data"].get("criterion"))
        for event in events
    )
    assert {key: n for key, n in counts.items() if key[0] in DONE_ONCE and n > 1} == {}
    for kind, name in (
        ("tool_started", "call"),
        ("tool_finished", "call"),
        ("model_answered", "turn"),
        ("model_settled", "call"),
    ):
        every = Counter(item[name] for item in data_of(events, kind))
        assert {key: n for key, n in every.items() if n > 1} == {}, kind
    checks = Counter((it["check"], it["on"]) for it in data_of(events, "check_finished"))
    assert set(checks.values()) == {1}


def what_nobody_saw_end_was_said_to_be_unknown(events: Sequence[Record]) -> None:
    """Each call that had started ends, and the model's next words show that it was told."""
    started = {item["call"] for item in data_of(events, "tool_started")}
    ended = {item["call"]: item for item in data_of(events, "tool_finished")}
    assert started <= ended.keys()
    told = [event for event in events if event["kind"] in ("tool_finished", "model_answered")]
    for place, event in enumerate(told):
        if event["kind"] == "tool_finished" and event["data"]["unknown"]:
            assert "outcome unknown" in event["data"]["text"]
            after = data_of(told[place:], "model_answered")[0]
            assert TOLD in json.dumps(after["message"])


def each_finished_command_left_its_line_once(pa: Pa, ran: Ran, events: Sequence[Record]) -> None:
    lines = Counter(pa.git("show", f"{ran.result['branch']}:steps.log").split())
    assert set(lines.values()) == {1}
    ended = {item["call"]: item for item in data_of(events, "tool_finished")}
    for item in data_of(events, "tool_started"):
        command = str(item["arguments"].get("command", ""))
        if "steps.log" in command and not ended[item["call"]]["unknown"]:
            assert lines[command.split()[3]] == 1, command


def no_cent_is_lost(ran: Ran, events: Sequence[Record], *, budget: float = BUDGET) -> None:
    """Spent is what was settled; what a kill cut off is kept back, for nobody knows its price."""
    assert ran.result["usd"] == pytest.approx(
        sum(item["usd"] for item in data_of(events, "model_settled")), abs=1e-6
    )
    spent, reserved = 0.0, dict[str, float]()
    for event in events:
        data = event["data"]
        if event["kind"] == "model_settled":
            spent += data["usd"]
            del reserved[data["call"]]
        if event["kind"] == "model_asked":
            reserved[data["call"]] = data["reserved"]
            assert data["reserved"] > 0
            assert spent + sum(reserved.values()) <= budget + 1e-9


@pytest.mark.parametrize("part", range(PARTS))
def test_kill_9_at_fifty_points_repeats_nothing_that_the_agent_or_the_judge_did(
    tmp_path: Path, undisturbed: Undisturbed, part: int
) -> None:
    seed = SEED + part
    chance = random.Random(seed)
    kills = unknown = runs = 0
    # After a kill the agent goes another way, on which some points do not come; so runs are made
    # until there were enough kills.
    while kills < KILLS_A_PART and runs < MAX_RUNS_A_PART:
        story = Story(new_task(tmp_path / str(runs)))
        final, whole = story.through(undisturbed.points(chance, POINTS_A_RUN))
        runs += 1
        pa, events = story.task.pa, story.events
        it_is_proven(pa, final)
        assert whole.result["usd"] == final.result["usd"]
        nothing_was_repeated(events)
        what_nobody_saw_end_was_said_to_be_unknown(events)
        each_finished_command_left_its_line_once(pa, final, events)
        no_cent_is_lost(final, events)
        assert nobody_is_left(story.task.marker) == []
        kills += story.kills
        unknown += sum(item["unknown"] for item in data_of(events, "tool_finished"))
    sys.stdout.write(f"seed {seed}: {kills} kills in {runs} runs, {unknown} unknown\n")
    assert kills >= KILLS_A_PART


def test_an_answer_that_a_kill_cut_off_keeps_its_reservation(tmp_path: Path) -> None:
    slow = [{**MODEL[0], "seconds": 2}, *MODEL[1:]]
    budget = 0.3
    task = new_task(tmp_path, model=slow, budget=budget)
    life = Life(task.pa, *task.arguments)
    assert life.sees(lambda it: it["kind"] == "model_asked" and it["data"]["purpose"] == "work")
    time.sleep(0.3)
    life.kill()
    ran = task.pa("resume", "-o", "json")
    it_is_proven(task.pa, ran)
    first, second = (it for it in ran.of_kind("model_asked")[1:3])
    assert first["reserved"] > budget / 2 > second["reserved"] > 0
    no_cent_is_lost(ran, [it for it in ran.records if it["kind"] != "result"], budget=budget)
