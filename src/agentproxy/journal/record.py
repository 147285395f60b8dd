"""The stored form of facts and commands, and the way there and back."""

from collections.abc import Callable
from typing import NamedTuple

from pydantic import ValidationError
from pydantic_core import PydanticSerializationError, from_json, to_json

from agentproxy.events.catalogue import FACTS
from agentproxy.events.commands import COMMAND, Command
from agentproxy.events.envelope import Draft, Event, Fact, RunId
from agentproxy.events.requests import CommandIgnored
from agentproxy.events.run import RunCreated
from agentproxy.events.upcasts import UPCASTS, NoUpcast, Upcasts, upcast
from agentproxy.journal.port import JournalError, JournalUnusable

Redact = Callable[[str], str]

CHANGES_NOTHING = CommandIgnored.model_fields["kind"].default  # `RunHead.last` passes over it


class StoredFact(NamedTuple):
    """A draft as it is stored: `text` is its fact in JSON, redacted; `fact` is what that says."""

    actor: str
    kind: str
    version: int
    text: str
    cause: str
    fact: Fact

    def event(self, run: RunId, seq: int, time: float) -> Event:
        """The record at its place."""
        return Event(run, seq, time, self.actor, self.fact, self.cause)


class StoredRow(NamedTuple):
    """A record as it comes back out of the store; nothing in it is trusted yet."""

    seq: int
    time: float
    actor: str
    kind: str
    version: int
    text: str
    cause: str


def encode(draft: Draft, redact: Redact) -> StoredFact:
    """The draft in its stored form.

    Raises:
        JournalError: it could not be read again (an unlisted fact, infinity, half a character).
    """
    fact = draft.fact
    kind = str(getattr(fact, "kind", ""))
    if FACTS.get(kind) is not type(fact):
        raise JournalError(f"{type(fact).__name__} is not in the catalogue of facts")
    try:
        text = to_json(fact, inf_nan_mode="null").decode()
        clean = redact(text)
        # JSON knows no infinity and writes null: such a record could never be read again.
        if clean != text or ":null" in text:
            fact = FACTS[kind].model_validate_json(clean)
    except (PydanticSerializationError, ValidationError) as error:
        raise JournalError(f"{kind} cannot be stored: {error}") from error
    return StoredFact(draft.actor, kind, fact.version, clean, draft.cause, fact)


def decode(run: RunId, row: StoredRow, *, upcasts: Upcasts = UPCASTS) -> Event:
    """The event that a row stands for; a fact of an earlier version comes as one of today.

    Raises:
        JournalUnusable: it is of an unknown kind, of a newer version, or damaged.
    """
    known = FACTS.get(row.kind)
    if known is None or row.version > known.version:
        raise JournalUnusable(
            f"event {row.seq} of run {run} is a {row.kind!r} of version {row.version}, "
            "which this version of agentproxy does not know: upgrade agentproxy"
        )
    try:
        if row.version == known.version:
            fact = known.model_validate_json(row.text)
        else:
            older = range(row.version, known.version)
            data = upcast(from_json(row.text), older, kind=row.kind, upcasts=upcasts)
            fact = known.model_validate(data)
    except NoUpcast as error:
        raise JournalUnusable(
            f"event {row.seq} of run {run} cannot be read ({error}): "
            "use the agentproxy that wrote it"
        ) from error
    except (ValueError, TypeError, KeyError) as error:
        count = f"{error.error_count()} errors" if isinstance(error, ValidationError) else error
        raise JournalUnusable(
            f"event {row.seq} of run {run} ({row.kind!r}) is damaged: "
            f"restore the journal from a copy ({count})"
        ) from error
    return Event(run, row.seq, row.time, row.actor, fact, row.cause)


def repository_of(record: StoredFact) -> str:
    """The repository of the run that begins so, as it is stored; "" where it has none."""
    return record.fact.request.repository if isinstance(record.fact, RunCreated) else ""


def encode_command(command: Command, redact: Redact) -> str:
    """The command in its stored form.

    Raises:
        JournalError: it could not be read again.
    """
    try:
        text = redact(command.model_dump_json())
        COMMAND.validate_json(text)
    except (PydanticSerializationError, ValidationError) as error:
        raise JournalError(f"{command.kind} cannot be stored: {error}") from error
    return text


def decode_command(run: RunId, number: int, text: str) -> Command:
    """The command that a text stands for.

    Raises:
        JournalUnusable: it is of an unknown kind, or damaged.
    """
    try:
        return COMMAND.validate_json(text)
    except ValidationError as error:
        raise JournalUnusable(
            f"command {number} of run {run} ({_kind_of(text)}) cannot be read: upgrade agentproxy"
        ) from error


def _kind_of(text: str) -> str:
    try:
        return repr(from_json(text)["kind"])
    except (ValueError, KeyError, TypeError):
        return "of no kind"
