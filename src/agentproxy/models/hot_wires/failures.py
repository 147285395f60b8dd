"""What a vendor's refusal or error means, on the two hot wires; pure."""

import math
from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from typing import cast

from pydantic_core import from_json

from agentproxy.models.hot_wires.answer import Fields, table_in, text_in
from agentproxy.models.key_redaction import KeyRedactor
from agentproxy.models.names import ModelAddress
from agentproxy.models.port import ModelError, ModelRefused, ModelUnavailable, PromptTooLong

MAY_PASS = frozenset({408, 409, 425, 429})  # the statuses 4xx that a retry may get past
MAX_WORDS = 300
SHORTEN = "shorten the task or its documents, or choose a model with a larger context"
KEY = "check the key of this model's vendor: pa doctor"
REACH = "check the network and the base address: pa doctor"
NAME = "check the model's name and the base address"
CREDIT = "add credit to the account at the vendor"

# An error within a stream comes after the status 200. These are the statuses of the same errors
# before a stream.
STREAM_STATUSES = {
    "anthropic": {
        "invalid_request_error": 400,
        "authentication_error": 401,
        "billing_error": 402,
        "permission_error": 403,
        "not_found_error": 404,
        "request_too_large": 413,
        "rate_limit_error": 429,
        "api_error": 500,
        "timeout_error": 504,
        "overloaded_error": 529,
    },
    "openai chat": {
        "rate_limit_exceeded": 429,
        "rate_limit_error": 429,
        "too_many_requests": 429,
        "context_length_exceeded": 400,
        "service_unavailable": 503,
        "service_unavailable_error": 503,
        "server_is_overloaded": 503,
        "overloaded": 503,
        "server_error": 500,
    },
}
_NO_CREDIT = frozenset(
    {
        "billing_error",
        "insufficient_quota",
        "billing_hard_limit_reached",
        "credit_balance_exhausted",
        "organization_spend_limit_exceeded",
        "project_spend_limit_exceeded",
        "organization_usage_limit_exceeded",
    }
)
_BUSY = frozenset({"overloaded_error", "rate_limit_error"})
_TOO_LONG = frozenset({"context_length_exceeded", "exceed_context_size_error"})
_TOO_LONG_WORDS = (
    "prompt is too long",
    "maximum context length",
    "reduce the length of the messages",
    "context size",
    "exceed_context_size_error",
)


class WireFailure(Exception):
    """A vendor answered with an error; within a stream the status is None."""

    def __init__(
        self, status: int | None, body: bytes, headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(f"status {status}")
        self.status = status
        self.body = body
        self.headers = headers or {}


def error_for(failure: WireFailure, address: ModelAddress) -> ModelError:
    """Returns the failure as an error of the port, without the key in its text."""
    error = _error_in(failure.body)
    names = {name for part in ("type", "code") if (name := str(error.get(part) or ""))}
    status = failure.status or _status_in_stream(names, address)
    words = text_in(error, "message") or failure.body.decode(errors="replace")
    clean = KeyRedactor(address.key, put="(the key)").clean(words)
    words = " ".join(clean.split())[:MAX_WORDS]
    where = f"the vendor answered with status {status}" if status else "the vendor reports an error"
    text = f"{where}: {words}" if words else where
    low = words.lower()
    if status == 413 or names & _TOO_LONG or any(each in low for each in _TOO_LONG_WORDS):
        return PromptTooLong(text, cure=SHORTEN, status=status)
    cure = _cure(status, names, low)
    if cure is not None:
        return ModelRefused(text, cure=cure, status=status)
    return ModelUnavailable(text, status=status, after=wait_of(failure.headers))


def _cure(status: int | None, names: set[str], words: str) -> str | None:
    # None: a later try may succeed.
    if status == 402 or names & _NO_CREDIT or "credit balance is too low" in words:
        return CREDIT
    if names & _BUSY:
        return None
    if status in (401, 403) or "invalid_api_key" in names:
        return KEY
    elsewhere = status is not None and 300 <= status < 400
    if status == 404 or elsewhere or "model_not_found" in names:
        return NAME
    refused = status is not None and 400 <= status < 500
    return "" if refused and status not in MAY_PASS else None


def wait_of(headers: Mapping[str, str]) -> float | None:
    """Returns the seconds that a vendor asks to wait, or None. Names are in lower case."""
    for name, unit in (("retry-after-ms", 1000), ("retry-after", 1)):
        try:
            seconds = float(headers.get(name, "")) / unit
        except ValueError:
            continue
        if math.isfinite(seconds) and seconds >= 0:
            return seconds
    try:
        # By the vendor's own clock.
        until = parsedate_to_datetime(headers.get("retry-after", ""))
        return max((until - parsedate_to_datetime(headers.get("date", ""))).total_seconds(), 0.0)
    except (ValueError, TypeError):
        return None


def _error_in(body: bytes) -> Fields:
    try:
        found = cast("object", from_json(body))
    except ValueError:
        return {}
    if not isinstance(found, dict):
        return {}
    fields = cast("Fields", found)
    if isinstance(fields.get("error"), str):
        return {**fields, "message": fields.get("error")}
    return table_in(fields, "error") or fields


def _status_in_stream(names: set[str], address: ModelAddress) -> int | None:
    known = STREAM_STATUSES[address.wire]
    if address.wire == "openai chat" and names & _NO_CREDIT:
        return 429
    for name in names:
        if name in known:
            return known[name]
        # Gateways such as OpenRouter send the status itself as the code.
        if name.isdecimal() and 400 <= int(name) < 600:
            return int(name)
    return None
