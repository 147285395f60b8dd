"""A task of three parts that build on each other, in a real package with tests of its own."""

import json
import signal
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import pytest
from support.front_door import Pa, Ran, Record, new_pa
from support.life import Life, nobody_is_left
from support.sdists import Sdist, text_files

Turn = dict[str, object]
TOOLZ = Sdist("toolz", "1.0.0", "2c86e3d9a04798ac556793bced838816296a2f085017664e4995cb40a1047a02")
RECIPES, CURRIED = "toolz/recipes.py", "toolz/curried/__init__.py"
RECIPES_TEST = "toolz/tests/test_recipes.py"
RIGHT, WRONG = "groupby(seq, key=func)", "groupby(sorted(seq, key=func), key=func)"
RUNS = "assert list(runs(len, ['a', 'b', 'xy', 'c'])) == [(1, 2), (2, 1), (1, 1)]"
SUITE = "python -m pytest -q -p no:cacheprovider"
CHECKS = (
    f"python -m pytest -q {RECIPES_TEST}",
    f'python -c "from toolz.recipes import runs; {RUNS}"',
    f'python -c "from toolz.curried import runs; {RUNS.replace("runs(len, ", "runs(len)(")}"',
    f"grep -q 'def test_runs' {RECIPES_TEST}",
)
TASKS = (
    "Fix partitionby: it must keep the order of what it is given",
    "Add toolz.recipes.runs(key, seq) on top of partitionby, not exported yet",
    "Export runs from toolz and toolz.curried, and test it",
)
FUNCTION = '''

def runs(key, seq):
    """ The key and the length of each run of equal keys

    >>> list(runs(len, ['a', 'b', 'xy', 'c']))
    [(1, 2), (2, 1), (1, 1)]
    """
    return ((key(group[0]), len(group)) for group in partitionby(key, seq))
'''
TEST = f"""

def test_runs():
    {RUNS}
    assert list(runs(len, [])) == []
"""
CUT_OFF = "tool started and was cut off"
STARTED = "sleep 2"
pytestmark = [pytest.mark.slow, pytest.mark.timeout(400)]


def edit(path: str, old: str, new: str) -> Turn:
    return {"name": "edit_file", "arguments": {"path": path, "old_text": old, "new_text": new}}


def bash(command: str) -> Turn:
    return {"name": "bash", "arguments": {"command": command}}


LAST_LINE = "    return map(tuple, pluck(1, itertools.groupby(seq, key=func)))\n"
LAST_TEST = """'Khan!'\n"""
EDITS = (
    [edit(RECIPES, WRONG, RIGHT)],
    [edit(RECIPES, LAST_LINE, LAST_LINE + FUNCTION)],
    [
        edit(RECIPES, "('countby', 'partitionby')", "('countby', 'partitionby', 'runs')"),
        edit(CURRIED, "sliding_window =", "runs = toolz.curry(toolz.runs)\nsliding_window ="),
        edit(RECIPES_TEST, "countby, partitionby\n", "countby, partitionby, runs\n"),
        edit(RECIPES_TEST, LAST_TEST, LAST_TEST + TEST),
    ],
)


def part(number: int, edits: Sequence[Turn]) -> list[Turn]:
    """The brief of a part is answered with its edits, these with a look, that with the end."""
    look = bash(f"{STARTED}; python -m pytest -q {RECIPES_TEST}; echo looked at {number}")
    return [
        {"on": f"{number} of 3: ", "calls": [*edits, bash(f"echo edited for {number}")]},
        {"on": f"edited for {number}", "calls": [look]},
        {"on": f"looked at {number}", "text": f"Part {number} is done."},
    ]


LOOK_WHERE_I_AM = bash(
    "grep -q 'def runs' toolz/recipes.py && echo looked at 2 || echo looked at 1"
)
MODEL = [
    {"on": CUT_OFF, "text": "I look where I am.", "calls": [LOOK_WHERE_I_AM]},
    *(turn for number, edits in enumerate(EDITS, start=1) for turn in part(number, edits)),
]
PLAN = [
    {"task": TASKS[0], "checks": CHECKS[:1]},
    {"task": TASKS[1], "checks": CHECKS[1:2]},
    {"task": TASKS[2], "checks": CHECKS[2:]},
]


@pytest.fixture
def pa(tmp_path: Path) -> Pa:
    """The package as its user has it in git, with one thing wrong."""
    files = text_files(TOOLZ)
    assert files[RECIPES].count(RIGHT) == 1
    files[RECIPES] = files[RECIPES].replace(RIGHT, WRONG)
    return new_pa(tmp_path, {**files, ".gitignore": "__pycache__/\n.pytest_cache/\n"})


def order(pa: Pa) -> list[str]:
    worker, judge = pa.scripts / "model.json", pa.scripts / "judge.json"
    worker.write_text(json.dumps(MODEL))
    reply = {"name": "reply", "arguments": {"parts": PLAN}}
    judge.write_text(json.dumps([{"on": "You plan work", "calls": [reply]}]))
    models = [
        "--worker",
        "builtin",
        "--model",
        f"scripted:{worker}",
        "--judge",
        f"scripted:{judge}",
    ]
    return ["-o", "json", *models, "--keep", SUITE, "Give toolz a function that counts runs"]


def while_it_looks(life: Life, *, part: int) -> None:
    """Wait until the worker of a part has begun to look, and is in the middle of it."""

    def begun(record: Record) -> bool:
        of_part = record.get("actor") == f"worker {part}" and record["kind"] == "tool_started"
        return of_part and STARTED in json.dumps(record["data"])

    assert life.sees(begun), life.records[-3:]
    time.sleep(0.5)


def test_three_parts_are_proven_one_by_one_through_ctrl_c_and_kill_9(pa: Pa) -> None:
    first = Life(pa, *order(pa))
    while_it_looks(first, part=1)
    first.signal(signal.SIGINT)
    assert first.end().code == 130
    assert nobody_is_left(str(pa.home)) == []
    second = Life(pa, "resume", "-o", "json")
    while_it_looks(second, part=2)
    second.kill()
    assert nobody_is_left(str(pa.home)) == []
    ran = Life(pa, "resume", "-o", "json").end(patience=200)
    assert (ran.code, ran.result["verdict"]) == (0, "verified"), (ran.result, ran.err)
    every_part_was_judged_by_itself(ran)
    nothing_was_repeated(ran)
    the_branch_has_all_three(pa, ran)


def every_part_was_judged_by_itself(ran: Ran) -> None:
    judged = ran.of_kind("round_judged")
    assert [each["verdict"] for each in judged] == ["verified"] * 3, judged
    decisions = [each["decision"] for each in ran.of_kind("decision_made")]
    assert decisions == ["next_part", "next_part", "deliver"]
    proven = [{each["criterion"] for each in one["criteria"]} for one in judged]
    wanted = [{f"check:{check}" for check in CHECKS[:upto]} | {SUITE, "test"} for upto in (1, 2, 4)]
    assert proven == wanted
    suite = [each["finding"] for one in judged for each in one["checks"] if each["check"] == SUITE]
    assert set(suite) <= {"kept", "proven"}, suite
    assert len(suite) == len(PLAN)


def nothing_was_repeated(ran: Ran) -> None:
    events = [record for record in ran.records if record["kind"] != "result"]
    counts = Counter(event["kind"] for event in events)
    assert (counts["plan_made"], counts["contract_agreed"], counts["delivered"]) == (1, 1, 1)
    assert (counts["worker_ended"], counts["claim_recorded"]) == (3, 3)
    assert counts["segment_started"] == 3
    for kind, about in (
        ("tool_started", "call"),
        ("tool_finished", "call"),
        ("model_answered", "turn"),
    ):
        every = Counter((it["actor"], it["data"][about]) for it in events if it["kind"] == kind)
        assert set(every.values()) == {1}, (kind, every)
    edits = [it["data"] for it in events if it["kind"] == "tool_started"]
    edited = sum(item["tool"] == "edit_file" for item in edits)
    assert edited == sum(len(each) for each in EDITS)
    unknown = [it["actor"] for it in events if it["data"].get("unknown")]
    assert unknown == ["worker 1", "worker 2"]
    checks = Counter((it["check"], it["on"], it["attempt"]) for it in ran.of_kind("check_finished"))
    assert set(checks.values()) == {1}


def the_branch_has_all_three(pa: Pa, ran: Ran) -> None:
    def shown(path: str) -> str:
        return pa.git("show", f"{ran.result['branch']}:{path}")

    assert RIGHT in shown(RECIPES)
    assert WRONG not in shown(RECIPES)
    assert "def runs(key, seq):" in shown(RECIPES)
    assert "runs = toolz.curry(toolz.runs)" in shown(CURRIED)
    assert "def test_runs():" in shown(RECIPES_TEST)
    changed = pa.git("diff", "--name-only", "HEAD", str(ran.result["branch"])).split()
    assert sorted(changed) == sorted([RECIPES, CURRIED, RECIPES_TEST])
