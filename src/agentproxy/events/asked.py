"""What of a claim the task asks for in its own words."""

from typing import Literal

from pydantic import Field

from agentproxy.events.envelope import Fact


class AskedRead(Fact):
    """The changes of a claim, read beside the words of the task.

    `test_files` maps old test files whose changes are all asked for to the reason, `gone` a file to
    its old tests that may go or change, `moved` a file to its old tests and their new names. `done`
    says what of the task is done as the tree shows.
    """

    kind: Literal["asked_read"] = "asked_read"
    round: int
    test_files: dict[str, str] = Field(default_factory=dict)
    gone: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    moved: dict[str, dict[str, str]] = Field(default_factory=dict)
    done: tuple[str, ...] = ()
