"""Renders the turns of a conversation."""

from collections.abc import Iterator

from agentproxy.app.show.lines import RenderedLine, renders
from agentproxy.events.chat import AnswerCutOff, FeatureChanged, UserTurnEnded, UserTurnStarted


@renders(UserTurnStarted)
def _started(fact: UserTurnStarted) -> Iterator[RenderedLine]:
    yield RenderedLine(fact.text, "loud")


@renders(UserTurnEnded)
def _ended(fact: UserTurnEnded) -> Iterator[RenderedLine]:
    if fact.error:
        yield RenderedLine(f"{fact.error} {fact.cure}".strip(), "bad", 1)
    elif fact.ending != "done":
        yield RenderedLine(f"the turn was {fact.ending}", "unsure", 1)


@renders(AnswerCutOff)
def _cut_off(fact: AnswerCutOff) -> Iterator[RenderedLine]:
    yield RenderedLine(fact.text, "plain", 1)


@renders(FeatureChanged)
def _changed(fact: FeatureChanged) -> Iterator[RenderedLine]:
    name = fact.feature.replace("_", " ")
    yield RenderedLine(f"{name} is {'on' if fact.enabled else 'off'}", "quiet", 1)
