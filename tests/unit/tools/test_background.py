"""The commands of a conversation in the background, folded from their facts."""

import pytest

from agentproxy.events.background import (
    BackgroundEnded,
    BackgroundStarted,
    BackgroundTold,
    BackgroundWanted,
)
from agentproxy.events.envelope import Fact
from agentproxy.tools.background.tasks import MAX_KEPT, BackgroundTasks, result_of

WANTED = BackgroundWanted(task="a", command="make")
ENDED = BackgroundEnded(task="a", status="completed", result="ok", exit_code=0)
LATE = BackgroundEnded(task="a", status="cancelled", result="no")


def tasks(*facts: Fact) -> BackgroundTasks:
    found = BackgroundTasks()
    for fact in facts:
        found.fold(fact)
    return found


@pytest.mark.parametrize(
    ("facts", "running", "untold"),
    [
        ([], [], []),
        ([WANTED], ["a"], []),
        ([WANTED, BackgroundStarted(task="a")], ["a"], []),
        ([WANTED, BackgroundStarted(task="a"), ENDED], [], ["completed"]),
        # Its end and the end of the session may come together: the first counts.
        ([WANTED, ENDED, LATE], [], ["completed"]),
        ([ENDED], [], []),
        ([BackgroundStarted(task="a")], [], []),
    ],
)
def test_what_runs_and_what_is_to_be_told(
    facts: list[Fact], running: list[str], untold: list[str]
) -> None:
    found = tasks(*facts)
    assert [task.id for task in found.running] == running
    assert [notice.status for notice in found.notices()] == untold


def test_what_was_told_is_not_told_again_and_what_ends_later_is() -> None:
    found = tasks(WANTED, BackgroundWanted(task="b", command="test"), ENDED)
    found.fold(BackgroundTold(notices=found.notices()))
    assert found.notices() == ()
    found.fold(BackgroundEnded(task="b", status="timeout", result="Error: Timeout (1s)"))
    assert [notice.task for notice in found.notices()] == ["b"]


def test_a_notice_is_short_and_keeps_the_exit_code() -> None:
    result = result_of("x" * 1000, 3)
    ended = BackgroundEnded(task="a", status="completed", result=result, exit_code=3)
    (notice,) = tasks(BackgroundWanted(task="a", command="y" * 100), ended).notices()
    assert notice.command == "y" * 80
    assert len(notice.result) == 500
    assert notice.result.endswith("x\n(exit code 3)")


@pytest.mark.parametrize(
    ("output", "code", "said"),
    [
        ("", 0, "(no output)"),
        ("a", 0, "a"),
        ("", 2, "(exit code 2)"),
        ("a", 2, "a\n(exit code 2)"),
        ("a", None, "a"),
    ],
)
def test_the_exit_code_is_said_unless_it_is_0(output: str, code: int | None, said: str) -> None:
    assert result_of(output, code) == said


def test_of_many_the_newest_are_kept_with_what_runs_or_is_not_told() -> None:
    found = tasks(WANTED)
    for number in range(2 * MAX_KEPT):
        key = str(number)
        found.fold(BackgroundWanted(task=key, command="c"))
        found.fold(BackgroundEnded(task=key, status="completed", result=""))
        found.fold(BackgroundTold(notices=found.notices()))
    assert len(found.known) == MAX_KEPT
    assert found.is_running("a")
    assert str(2 * MAX_KEPT - 1) in found.known
