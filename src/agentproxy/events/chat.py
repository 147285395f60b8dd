"""Facts of a conversation: the turns of its user, and its features."""

from typing import Literal

from agentproxy.events.envelope import Fact

Feature = Literal["plan_mode", "teams", "approval"]
TurnEnding = Literal["done", "interrupted", "cancelled", "failed"]


class UserTurnStarted(Fact):
    """The agent begins to work on a message of the user."""

    kind: Literal["user_turn_started"] = "user_turn_started"
    message: str  # the id of the message
    text: str


class UserTurnEnded(Fact):
    """The agent has done what it could on a message, or its turn was cut off."""

    kind: Literal["user_turn_ended"] = "user_turn_ended"
    ending: TurnEnding
    error: str = ""  # why the turn failed, or why its last answer is not complete
    cure: str = ""
    too_long: bool = False  # the question did not fit into the model's context


class AnswerCutOff(Fact):
    """An answer of the model was cut off after a part of its text."""

    kind: Literal["answer_cut_off"] = "answer_cut_off"
    turn: int
    text: str


class FeatureChanged(Fact):
    """A feature was switched on or off."""

    kind: Literal["feature_changed"] = "feature_changed"
    feature: Feature
    enabled: bool
    session: bool = False  # only until the last client has left


class PlanReady(Fact):
    """The agent has a plan, on which the user decides."""

    kind: Literal["plan_ready"] = "plan_ready"
    plan: str


class PlanDecided(Fact):
    """The user decided on the plan."""

    kind: Literal["plan_decided"] = "plan_decided"
    approved: bool
    feedback: str = ""


class CompactionWanted(Fact):
    """The agent asked for a summary of its conversation."""

    kind: Literal["compaction_wanted"] = "compaction_wanted"
    focus: str = ""


class Compacted(Fact):
    """The older messages were replaced by a summary. The journal keeps them."""

    kind: Literal["compacted"] = "compacted"
    summary: str  # "" where it could not be made: then the messages are dropped
    kept: int  # of the newest messages
    removed: int
    transcript: str = ""  # the path of all messages, in the workspace
    # Decisions and dead ends of the whole conversation, oldest first.
    ledger: tuple[str, ...] = ()
    wanted: bool = False  # by the agent, not for room
    error: str = ""  # why there is no summary
    cut_before_answer: bool = False  # within one long turn: an answer of the agent comes next
