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
