"""Events as records of a log. Pure."""

from dataclasses import dataclass
from typing import Literal

from agentproxy.events.cost import ModelSettled
from agentproxy.events.envelope import Event
from agentproxy.events.run import EffectFailed, RunParked
from agentproxy.events.tracing import AnswerTraced, PromptTraced
from agentproxy.telemetry.spans import Attributes

Severity = Literal["INFO", "WARN", "ERROR"]
# Whole prompts and answers, which are too long for a log.
LEFT_OUT = (PromptTraced, AnswerTraced)


@dataclass(frozen=True, slots=True)
class Record:
    """`body` is the kind of the event, or what a person would read of it."""

    name: str
    body: str
    severity: Severity
    attributes: Attributes


def record_of(event: Event, *, content: bool) -> Record | None:
    """Returns the record of an event; with `content` it says what the screens say."""
    fact = event.fact
    if isinstance(fact, LEFT_OUT):
        return None
    kind = str(getattr(fact, "kind", ""))
    attributes: Attributes = {
        "agentproxy.run": event.run,
        "agentproxy.seq": event.seq,
        "agentproxy.actor": event.actor,
    }
    if event.cause:
        attributes["agentproxy.effect"] = event.cause
    body = _as_shown(event) if content else kind
    return Record(f"agentproxy.{kind}", body or kind, _severity(event), attributes)


def _as_shown(event: Event) -> str:
    from agentproxy.app.show.render import render  # most records do without

    return "\n".join(line.text for line in render(event))


def _severity(event: Event) -> Severity:
    match event.fact:
        case EffectFailed():
            return "ERROR"
        case RunParked():
            return "WARN"
        case ModelSettled(error=error) if error:
            return "WARN"
        case _:
            return "INFO"
