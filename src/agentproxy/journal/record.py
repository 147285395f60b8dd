"""Encodes facts and commands for storage, and decodes them."""

from collections.abc import Callable
from typing import NamedTuple

from pydantic import ValidationError
from pydantic_core import PydanticSerializationError, from_json, to_json

from agentproxy import __version__
from agentproxy.events.catalogue import FACTS
from agentproxy.events.commands import COMMAND, Command
from agentproxy.events.envelope import Draft, Event, Fact, RunId
from agentproxy.events.requests import CommandIgnored
from agentproxy.events.run import FaceName, Order, RunCreated
from agentproxy.events.upcasts import UPCASTS, NoUpcast, Upcasts, upcast
from agentproxy.journal.port import JournalError, JournalUnusable, UnreadableFact

Redact = Callable[[str], str]

# What is wrong with data that has more in it than this version knows.
_UNKNOWN = frozenset({"extra_forbidden", "literal_error", "union_tag_invalid"})
# The kinds that say which version wrote what follows.
TELL_VERSION = ("run_created", "segment_started")

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


def decode(
    run: RunId, row: StoredRow, *, writer: Callable[[], str] = str, upcasts: Upcasts = UPCASTS
) -> Event:
    """Decodes a row. `writer` finds the version that wrote it, where it cannot be read.

    Raises:
        JournalUnusable: an unknown kind, more than this version knows, or damage.
    """
    known = FACTS.get(row.kind)
    if known is None or row.version > known.version:
        raise JournalUnusable(_upgrade(run, row, writer()))
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
        if isinstance(error, ValidationError) and _is_unknown(error):
            raise JournalUnusable(_upgrade(run, row, writer())) from error
        # Only the count: pydantic's message repeats the data.
        count = f"{error.error_count()} errors" if isinstance(error, ValidationError) else error
        raise JournalUnusable(
            f"event {row.seq} of run {run} ({row.kind!r}) is damaged: "
            f"restore the journal from a copy ({count})"
        ) from error
    return Event(run, row.seq, row.time, row.actor, fact, row.cause)


def decode_for_summary(run: RunId, row: StoredRow, *, writer: Callable[[], str] = str) -> Event:
    """Decodes a row of a summary. What cannot be read is an UnreadableFact."""
    try:
        return decode(run, row, writer=writer)
    except JournalUnusable as error:
        return Event(run, row.seq, row.time, row.actor, UnreadableFact(why=str(error)), row.cause)


def _is_unknown(error: ValidationError) -> bool:
    found = error.errors(include_url=False, include_context=False, include_input=False)
    return all(each["type"] in _UNKNOWN for each in found)


def _upgrade(run: RunId, row: StoredRow, version: str) -> str:
    by = f"agentproxy {version}" if version else "a newer agentproxy"
    if version == __version__:
        by = f"a later build of agentproxy {version}"
    return (
        f"event {row.seq} of run {run} ({row.kind!r}, version {row.version}) was written by {by}, "
        f"and this one ({__version__}) does not know it: upgrade agentproxy"
    )


def version_in(text: str) -> str:
    """The version that a fact of a kind in TELL_VERSION names, or ""."""
    try:
        return str(from_json(text).get("product", ""))
    except (ValueError, AttributeError):
        return ""


def repository_of(record: StoredFact) -> str:
    """Returns the repository of the run that begins with this record, or ""."""
    request = record.fact.request if isinstance(record.fact, RunCreated) else None
    return request.repository if isinstance(request, Order) else ""


def face_of(record: StoredFact) -> FaceName:
    """Returns the face of the run that begins with this record."""
    return record.fact.face if isinstance(record.fact, RunCreated) else "supervised"


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
