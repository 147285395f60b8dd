"""Encodes facts and commands for storage, and decodes them."""

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

CHANGES_NOTHING = CommandIgnored.model_fields["kind"].default  # `RunHead.last` skips this kind


class StoredFact(NamedTuple):
    """An encoded draft."""

    actor: str
    kind: str
    version: int
    text: str  # redacted JSON
    cause: str
    fact: Fact  # decoded from `text`: what memory holds equals what is stored

    def event(self, run: RunId, seq: int, time: float) -> Event:
        return Event(run, seq, time, self.actor, self.fact, self.cause)


class StoredRow(NamedTuple):
    """A stored record that is not validated yet."""

    seq: int
    time: float
    actor: str
    kind: str
    version: int
    text: str
    cause: str


def encode(draft: Draft, redact: Redact) -> StoredFact:
    """Encodes a draft. Raises JournalError if it could not be decoded."""
    fact = draft.fact
    kind = str(getattr(fact, "kind", ""))
    # A kind that is not in the catalogue could never be decoded.
    if FACTS.get(kind) is not type(fact):
        raise JournalError(f"{type(fact).__name__} is not in the catalogue of facts")
    try:
        text = to_json(fact, inf_nan_mode="null").decode()
        clean = redact(text)
        # JSON has no infinity and writes null: such a record may not be valid.
        if clean != text or ":null" in text:
            fact = FACTS[kind].model_validate_json(clean)
    except (PydanticSerializationError, ValidationError) as error:
        raise JournalError(f"{kind} cannot be stored: {error}") from error
    return StoredFact(draft.actor, kind, fact.version, clean, draft.cause, fact)


def decode(run: RunId, row: StoredRow, *, upcasts: Upcasts = UPCASTS) -> Event:
    """Decodes a row. Raises JournalUnusable for an unknown kind, a newer version, or damage."""
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
            # Facts of earlier versions are converted to the present one.
            older = range(row.version, known.version)
            data = upcast(from_json(row.text), older, kind=row.kind, upcasts=upcasts)
            fact = known.model_validate(data)
    except NoUpcast as error:
        raise JournalUnusable(
            f"event {row.seq} of run {run} cannot be read ({error}): "
            "use the agentproxy that wrote it"
        ) from error
    except (ValueError, TypeError, KeyError) as error:
        # Only the count: pydantic's message repeats the data.
        count = f"{error.error_count()} errors" if isinstance(error, ValidationError) else error
        raise JournalUnusable(
            f"event {row.seq} of run {run} ({row.kind!r}) is damaged: "
            f"restore the journal from a copy ({count})"
        ) from error
    return Event(run, row.seq, row.time, row.actor, fact, row.cause)


def repository_of(record: StoredFact) -> str:
    """Returns the repository of the run that begins with this record, or ""."""
    return record.fact.request.repository if isinstance(record.fact, RunCreated) else ""


def encode_command(command: Command, redact: Redact) -> str:
    """Encodes a command. Raises JournalError if it could not be decoded."""
    try:
        text = redact(command.model_dump_json())
        COMMAND.validate_json(text)
    except (PydanticSerializationError, ValidationError) as error:
        raise JournalError(f"{command.kind} cannot be stored: {error}") from error
    return text


def decode_command(run: RunId, number: int, text: str) -> Command:
    """Decodes a command. Raises JournalUnusable for an unknown kind, or damage."""
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
