"""What of a claim the task asks for in its own words."""

from typing import Literal

from pydantic import Field

from agentproxy.events.envelope import Fact
from agentproxy.events.plan import JudgeAnswer


class AskedRead(Fact):
    """The changes of a claim, read beside the words of the task.

    `test_files` maps old test files whose changes are all asked for to the reason, `gone` a file to
    its old tests that may go or change, `moved` a file to its old tests and their new names. In the
    files of `shared`, what all tests use changes as asked. `open`
    maps a file to those of which the words alone do not say whether they may; `done` says what of
    the task is done as the tree shows.
    """

    kind: Literal["asked_read"] = "asked_read"
    round: int
    test_files: dict[str, str] = Field(default_factory=dict)
    gone: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    moved: dict[str, dict[str, str]] = Field(default_factory=dict)
    shared: tuple[str, ...] = ()
    open: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    done: tuple[str, ...] = ()


class ChangedTestsJudged(Fact):
    """The judge's answer whether the task asks for what a claim changes in an old test file."""

    kind: Literal["changed_tests_judged"] = "changed_tests_judged"
    round: int
    path: str
    # "cannot_tell" also where the quote is not in the task, or where the change speaks to a judge.
    says: JudgeAnswer
    quote: str = ""  # words of the task
    reason: str = ""
