"""What is due in a supervised run, by the facts so far: every branch, as a table."""

import pytest
from support.story import (
    BASE_KEPT,
    CONTEXTS,
    FOUND,
    LINT,
    PREPARED,
    SEGMENT,
    TESTS,
    after,
    began,
    claimed,
    contract,
    created,
    judged,
    ran,
    stopped,
    weighed,
)

from agentproxy.events.agent import ToolFinished, ToolStarted
from agentproxy.events.asked import AskedRead
from agentproxy.events.check import BASE, claim_tree, restored_tree
from agentproxy.events.cost import ModelSettled
from agentproxy.events.envelope import Fact
from agentproxy.events.git_facts import (
    Delivered,
    EnvironmentBuildStarted,
    EnvironmentBuilt,
    EnvironmentLost,
    TestsRestored,
)
from agentproxy.events.plan import Part, PlanMade, WorkerSteered
from agentproxy.events.requests import (
    Decision,
    MessageDelivered,
    MessageReceived,
    Request,
    RequestDecided,
    RequestMade,
    RequestReferred,
)
from agentproxy.events.run import (
    CeilingRaised,
    DecisionMade,
    EffectFailed,
    RunEnded,
    RunParked,
)
from agentproxy.events.trials import ClaimExamined
from agentproxy.supervisor.effects import SUPERVISED
from agentproxy.supervisor.effects.examine_claim import LOOKS

JUDGED = (created(judge="m"), SEGMENT, BASE_KEPT)
CLAIM = claim_tree(1)
RESTORED = restored_tree(1)
RED, GREEN = ran(BASE, passed=False), ran(CLAIM, passed=True)
EXAMINED = ClaimExamined(round=1, looks=LOOKS)
WORKED = (*PREPARED, began(), stopped())
CLAIMED = (*WORKED, claimed(1, "a.py"), AskedRead(round=1), EXAMINED)
CHECKED = (*CLAIMED, RED, GREEN)
WEIGHED = (*CHECKED, weighed(2))
NEEDS = FOUND.model_copy(update={"missing": (".venv",), "asked": ("requirements.txt",)})
IN_PART = tuple(
    fact.model_copy(update={"result": fact.result.model_copy(update={"left_out": ("test_b.py",)})})
    for fact in (ran(BASE, passed=True, attempt=2), ran(CLAIM, passed=True, attempt=2))
)
OWN = weighed(2, own_tests={"tests": ("test_a.py",)})
RESTORE = TestsRestored(round=1, commit="r", tree="t2", files=("test_a.py",))
QUESTION = RequestMade(request=Request(id="q", kind="question", text="Which?"))
REFERRED = RequestReferred(request="q", reason="no document")
ANSWERED = RequestDecided(decision=Decision(request="q", allowed=True, by="human", text="That"))
TOLD = MessageReceived(message="m1", text="use tabs")
TWO_PARTS = contract(TESTS, parts=(Part(id="part 1", task="a"), Part(id="part 2", task="b")))

TABLE: list[tuple[str, tuple[Fact, ...], set[str]]] = [
    (
        "a claim is read beside the task, while its checks run",
        CLAIMED[:-2],
        {"asked:1", "check:base:tests:1", "check:claim:1:tests:1"},
    ),
    (
        "it is examined as soon as it is known what was red",
        (*CLAIMED[:-1], RED),
        {"examine:1", "check:claim:1:tests:1"},
    ),
    ("the base comes first", (created(), SEGMENT), {"base"}),
    ("then the contexts", (created(), SEGMENT, BASE_KEPT), {"contexts"}),
    ("without a judge there is no plan", (created(), SEGMENT, BASE_KEPT, CONTEXTS), {"contract"}),
    ("with a judge a plan is made", (*JUDGED, CONTEXTS), {"plan"}),
    ("after the plan the contract", (*JUDGED, CONTEXTS, PlanMade()), {"contract"}),
    (
        "then the environment",
        (created(), SEGMENT, BASE_KEPT, CONTEXTS, contract(TESTS)),
        {"environment"},
    ),
    ("what the user does not have is built", (*PREPARED[:-1], NEEDS), {"build:base"}),
    (
        "a build that has begun is under way until it ends",
        (*PREPARED[:-1], NEEDS, EnvironmentBuildStarted(on=BASE)),
        {"build:base"},
    ),
    (
        "the baseline runs beside the worker",
        PREPARED,
        {"check:base:tests:1", "work:1:0"},
    ),
    (
        "a built environment is enough",
        (*PREPARED[:-1], NEEDS, EnvironmentBuilt(on=BASE)),
        {"check:base:tests:1", "work:1:0"},
    ),
    (
        "one that is lost is built again",
        (*PREPARED[:-1], NEEDS, EnvironmentBuilt(on=BASE), EnvironmentLost(on=BASE)),
        {"build:base"},
    ),
    ("a finished check is not repeated", (*PREPARED, RED), {"work:1:0"}),
    ("the claim follows the work", (*WORKED, RED), {"claim:1"}),
    (
        "an attempt whose time was up parks the run",
        (created(max_time=5.0), *PREPARED[1:], RED, began(), stopped(seconds=6, out_of_time=True)),
        {"park"},
    ),
    (
        "with more time it is another attempt",
        (
            created(max_time=5.0),
            *PREPARED[1:],
            RED,
            began(),
            stopped(seconds=6, out_of_time=True),
            CeilingRaised(max_time=60),
        ),
        {"work:1:1"},
    ),
    (
        "an attempt without money parks the run",
        (created(budget=1.0), *PREPARED[1:], RED, began(), stopped(out_of_money=True)),
        {"park"},
    ),
    (
        "a run that cost more than its budget is parked before it is proven",
        (
            created(budget=0.02),
            *CLAIMED[1:],
            ModelSettled(call="1", model="m", purpose="work", usd=0.3),
        ),
        {"park"},
    ),
    (
        "a raised budget lets it go on",
        (
            created(budget=0.02),
            *CLAIMED[1:],
            ModelSettled(call="1", model="m", purpose="work", usd=0.3),
            CeilingRaised(budget=1.0),
        ),
        {"check:base:tests:1", "check:claim:1:tests:1"},
    ),
    (
        "base and claim are checked side by side",
        CLAIMED,
        {"check:base:tests:1", "check:claim:1:tests:1"},
    ),
    (
        "a claim that changes nothing is checked at the base only",
        (*WORKED, claimed(1, tree="t0")),
        {"check:base:tests:1"},
    ),
    (
        "a claim that changes what is installed gets an environment",
        (*WORKED, claimed(1, "requirements.txt")),
        {"build:claim:1"},
    ),
    (
        "a claim that changes a file that was asked gets one too",
        (*PREPARED[:-1], NEEDS, EnvironmentBuilt(on=BASE), began(), stopped(), claimed(1, "x.in")),
        {"asked:1", "check:base:tests:1", "check:claim:1:tests:1"},
    ),
    ("results are weighed", CHECKED, {"weigh:1:2"}),
    (
        "a check that refutes runs again on both trees",
        (*CHECKED, weighed(2, rerun=("tests",))),
        {
            "check:base:tests:2",
            "check:claim:1:tests:2",
        },
    ),
    (
        "one result of two does not stop the other run",
        (*CHECKED, weighed(2, rerun=("tests",)), ran(CLAIM, passed=True, attempt=2)),
        {"check:base:tests:2"},
    ),
    (
        "and is weighed again",
        (
            *CHECKED,
            weighed(2, rerun=("tests",)),
            ran(BASE, passed=False, attempt=2),
            ran(CLAIM, passed=True, attempt=2),
        ),
        {"weigh:1:4"},
    ),
    (
        "what second attempts in part do not confirm runs again whole",
        (*CHECKED, *IN_PART, weighed(4, rerun_whole=("tests",))),
        {"check:base:tests:3", "check:claim:1:tests:3"},
    ),
    (
        "once on each tree",
        (
            *CHECKED,
            *IN_PART,
            weighed(4, rerun_whole=("tests",)),
            ran(BASE, passed=False, attempt=3),
        ),
        {"check:claim:1:tests:3"},
    ),
    ("a proof by own tests is tried without them", (*CHECKED, OWN), {"restore:1"}),
    (
        "the check runs with the base's tests",
        (*CHECKED, OWN, RESTORE),
        {"check:restored:1:tests:1"},
    ),
    (
        "a refuted claim is not tried so",
        (*CHECKED, weighed(2, "refuted", own_tests={"tests": ("test_a.py",)})),
        {"judge:1"},
    ),
    (
        "where nothing was restored nothing runs",
        (*CHECKED, OWN, RESTORE.model_copy(update={"files": ()})),
        {"judge:1"},
    ),
    (
        "a flicker with the base's tests runs again",
        (
            *CHECKED,
            OWN,
            RESTORE,
            ran(RESTORED, passed=False),
            weighed(3, own_tests={"tests": ("test_a.py",)}, rerun_restored=("tests",)),
        ),
        {"check:restored:1:tests:2"},
    ),
    ("then the round is judged", WEIGHED, {"judge:1"}),
    ("a verdict is followed by a decision", (*WEIGHED, judged("verified")), {"decide:1"}),
    (
        "another round starts from the same claims",
        (*WEIGHED, judged("refuted"), DecisionMade(round=1, decision="again", reason="")),
        {"work:2:0"},
    ),
    (
        "the next part is the next round",
        (
            *PREPARED[:4],
            TWO_PARTS,
            *WEIGHED[5:],
            judged("verified"),
            DecisionMade(round=1, decision="next_part", reason=""),
        ),
        {"work:2:0"},
    ),
    (
        "what is verified is delivered",
        (*WEIGHED, judged("verified"), DecisionMade(round=1, decision="deliver", reason="")),
        {"deliver"},
    ),
    (
        "then the run ends",
        (
            *WEIGHED,
            judged("verified"),
            DecisionMade(round=1, decision="deliver", reason=""),
            Delivered(),
        ),
        {"end"},
    ),
    ("a parked run does nothing", (*PREPARED, RunParked(why="human", reason="")), set()),
    ("a run that ended does nothing", (*PREPARED, RunEnded(verdict="refuted", reason="")), set()),
    (
        "a new segment goes on",
        (
            *PREPARED,
            RunParked(why="human", reason=""),
            SEGMENT,
        ),
        {"check:base:tests:1", "work:1:0"},
    ),
    ("a failed effect parks the run", (*PREPARED, EffectFailed(effect="x", error="e")), {"park"}),
    (
        "a question is answered beside the work",
        (*PREPARED, RED, began(), QUESTION),
        {"work:1:0", "answer:q"},
    ),
    (
        "one that no document answers is held for a human",
        (*PREPARED, RED, began(), QUESTION, REFERRED),
        {"work:1:0", "hold:q"},
    ),
    (
        "a decision ends the hold",
        (*PREPARED, RED, began(), QUESTION, REFERRED, ANSWERED),
        {"work:1:0"},
    ),
    (
        "nothing is held for a worker that is gone",
        (*PREPARED, RED, began(), QUESTION, REFERRED, stopped()),
        {"claim:1"},
    ),
    (
        "a message is told to the worker at work",
        (*PREPARED, RED, began(), TOLD),
        {"work:1:0", "tell:m1"},
    ),
    ("nobody is told while nobody works", (*PREPARED, RED, TOLD), {"work:1:0"}),
    (
        "what the brief carries is not told again",
        (*PREPARED, RED, TOLD, began(messages=("m1",))),
        {"work:1:0"},
    ),
    (
        "what was heard is not told again",
        (*PREPARED, RED, began(), TOLD, MessageDelivered(message="m1", heard=True)),
        {"work:1:0"},
    ),
    (
        "who cannot hear is tried once in an attempt",
        (*PREPARED, RED, began(), TOLD, MessageDelivered(message="m1", heard=False)),
        {"work:1:0"},
    ),
]


@pytest.mark.parametrize(("facts", "wanted"), [row[1:] for row in TABLE], ids=[r[0] for r in TABLE])
def test_due(facts: tuple[Fact, ...], wanted: set[str]) -> None:
    assert set(SUPERVISED.due(after(*facts))) == wanted


def test_every_check_of_the_contract_is_in_the_baseline() -> None:
    checks = tuple(LINT.model_copy(update={"name": f"lint {number}"}) for number in range(4))
    state = after(*PREPARED[:4], contract(TESTS, *checks), FOUND)
    assert len(SUPERVISED.due(state)) == 6


def calls(number: int) -> tuple[Fact, ...]:
    return tuple(
        fact
        for each in range(number)
        for fact in (
            ToolStarted(call=str(each), tool="bash", arguments={"command": "make"}),
            ToolFinished(call=str(each), text="no", failed=True),
        )
    )


def test_a_worker_in_circles_is_steered_beside_its_work_and_three_times_at_most() -> None:
    at_work = (*PREPARED, RED, began())
    assert set(SUPERVISED.due(after(*at_work, *calls(3)))) == {"work:1:0"}
    assert set(SUPERVISED.due(after(*at_work, *calls(4)))) == {"work:1:0", "steer:1:1"}
    steered = WorkerSteered(round=1, reason="r", text="t", heard=True)
    facts: tuple[Fact, ...] = at_work
    for _ in range(5):
        facts = (*facts, *calls(4), steered)
    assert set(SUPERVISED.due(after(*facts))) == {"work:1:0"}
    assert after(*facts).loop_detector.told == 3
    anew = (*facts, began(again=True), *calls(4))
    assert set(SUPERVISED.due(after(*anew))) == {"work:1:0", "steer:1:1"}
