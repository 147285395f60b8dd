"""What of a vendor's interface the relay passes on, and what a request looks like there; pure.

Everything that is not named here is refused. What is passed on is written anew from what was
understood, so that the vendor cannot understand anything else.
"""

import hmac
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, cast

from agentproxy.models.budget import TokenEstimate
from agentproxy.models.names import ModelAddress, usual_base
from agentproxy.models.relay.http import RequestHead
from agentproxy.models.relay.request_allowlist import RequestRefused, check_reach
from agentproxy.models.relay.token_estimate import question_tokens
from agentproxy.models.relay.usage import WireFormat

Family = Literal["anthropic", "openai", "gemini"]
OUTPUT = 8192  # tokens that are reserved for where a request does not bound its answer
_MOST_OUTPUT = 10_000_000
_PATHS: dict[tuple[str, str], tuple[Family, WireFormat | None]] = {
    ("POST", "/v1/messages"): ("anthropic", "messages"),
    ("POST", "/v1/messages/count_tokens"): ("anthropic", None),
    ("POST", "/v1/chat/completions"): ("openai", "chat"),
    ("POST", "/v1/responses"): ("openai", "responses"),
    ("GET", "/v1/models"): ("openai", None),
}
_OF_GEMINI = re.compile(
    r"/v1beta/models/([A-Za-z0-9._/-]{1,200}):(generateContent|streamGenerateContent|countTokens)\Z"
)
# In whose form a request is that only counts.
_COUNTED: dict[Family, WireFormat] = {"anthropic": "messages", "openai": "chat", "gemini": "gemini"}
_QUERY = ("beta=true", "alt=sse")
_PASSED_ON = frozenset(
    {
        "accept",
        "anthropic-beta",
        "anthropic-version",
        "http-referer",
        "openai-beta",
        "user-agent",
        "x-goog-api-client",
        "x-title",
    }
)
# What a client of one of these vendors is told its address and key by.
_NAMES: dict[Family, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "anthropic": (("ANTHROPIC_BASE_URL", "ANTHROPIC_API_BASE"), ("ANTHROPIC_API_KEY",)),
    "openai": (("OPENAI_BASE_URL", "OPENAI_API_BASE"), ("OPENAI_API_KEY",)),
    "gemini": (
        ("GEMINI_BASE_URL", "GOOGLE_GEMINI_BASE_URL", "GEMINI_API_BASE"),
        ("GEMINI_API_KEY", "GOOGLE_API_KEY"),
    ),
}


@dataclass(frozen=True, slots=True)
class RelayTarget:
    """The model that was granted, by the name that it was chosen by."""

    name: str
    address: ModelAddress

    @property
    def family(self) -> Family:
        """Whose interface it is."""
        wire = self.address.wire
        return wire if wire in ("anthropic", "gemini") else "openai"

    @property
    def names(self) -> frozenset[str]:
        """What a request may call it."""
        model = self.address.model
        return frozenset({self.name, model, f"{self.address.vendor}/{model}"})

    def variables(self, at: str, *, token: str) -> Mapping[str, str]:
        """What tells a worker the relay's address, the key that the relay takes, and the model."""
        addresses, keys = _NAMES[self.family]
        vendor = self.address.vendor.upper()
        addresses = (*addresses, f"{vendor}_BASE_URL", f"{vendor}_API_BASE")
        base = f"{at}/v1" if self.family == "openai" else at
        return {
            **dict.fromkeys(addresses, base),
            **dict.fromkeys((*keys, f"{vendor}_API_KEY"), token),
            "AGENTPROXY_MODEL": self.address.model,
        }


@dataclass(frozen=True, slots=True)
class UpstreamRequest:
    """A request as it is passed on. `form` is None for one that costs nothing; `question` are the
    tokens that it takes, and `most` those that its answer may have; `added_usage` says that we
    asked for the use, not the worker.
    """

    method: str
    url: str
    fields: Mapping[str, str]
    body: bytes
    form: WireFormat | None = None
    question: int = 0
    most: int = 0
    added_usage: bool = False

    @property
    def need(self) -> TokenEstimate:
        """The tokens that it takes; its answer is the worker's to bound, and is not cut here."""
        return TokenEstimate(self.question, most=self.most, least=self.most)


def check_token(head: RequestHead, token: str) -> None:
    """Let pass who knows the key that the worker was given.

    Raises:
        NotPassedOn: it is another, or none.
    """
    bearer = head.fields.get("authorization", "").removeprefix("Bearer ").strip()
    query = head.target.partition("?")[2].split("&")
    given = [bearer, head.fields.get("x-api-key", ""), head.fields.get("x-goog-api-key", "")]
    given += [each.removeprefix("key=") for each in query if each.startswith("key=")]
    if not any(hmac.compare_digest(each.encode(), token.encode()) for each in given):
        raise RequestRefused(
            401, "use the key that the environment names: this is another, or none"
        )


def check_path(head: RequestHead, to: RelayTarget) -> tuple[str, WireFormat | None]:
    """The path that a request is passed on to, and the form of its answer.

    Raises:
        NotPassedOn: it is no path of the granted model.
    """
    path, _, query = head.target.partition("?")
    family, form = _PATHS.get((head.method, path), (None, None))
    if head.method == "POST" and (found := _OF_GEMINI.match(path)):
        _check_model(found[1], to)
        family, form = "gemini", None if found[2] == "countTokens" else "gemini"
        path = f"/v1beta/models/{to.address.model}:{found[2]}"
    if family != to.family:
        raise RequestRefused(403, f"only the requests of {to.name} are passed on, and this is none")
    kept = "&".join(each for each in query.split("&") if each in _QUERY)
    return f"{path}?{kept}" if kept else path, form


def pass_on(head: RequestHead, content: bytes, to: RelayTarget) -> UpstreamRequest:
    """The request for the vendor, with the real key in it.

    Raises:
        NotPassedOn: it asks for another model, for what cannot be metered, or for what the vendor
            would fetch or run.
    """
    path, form = check_path(head, to)
    if head.method == "GET":
        return UpstreamRequest("GET", _url(path, to), _header(head, to), b"")
    try:
        return _rewritten(path, form, head=head, body=_parsed(content), to=to)
    except RecursionError as error:
        raise RequestRefused(400, "the body is nested too deeply") from error


def _rewritten(
    path: str,
    form: WireFormat | None,
    *,
    head: RequestHead,
    body: dict[str, object],
    to: RelayTarget,
) -> UpstreamRequest:
    if to.family != "gemini":
        _check_model(body.get("model"), to)
        body = {**body, "model": to.address.model}
    if body.get("background"):
        raise RequestRefused(403, "an answer in the background cannot be metered")
    check_reach(form or _COUNTED[to.family], body)
    added = form == "chat" and body.get("stream") is True and not _asks_for_usage(body)
    if added:
        body["stream_options"] = {**_table(body.get("stream_options")), "include_usage": True}
    encoded = json.dumps(body).encode()
    return UpstreamRequest(
        method="POST",
        url=_url(path, to),
        fields=_header(head, to),
        body=encoded,
        form=form,
        question=question_tokens(body, len(encoded)),
        most=_most(form, body) if form else 0,
        added_usage=added,
    )


def error_body(family: Family, status: int, message: str) -> bytes:
    """A refusal as this vendor's clients understand it."""
    message = f"the model relay: {message}"
    kind = {401: "authentication_error", 402: "billing_error", 403: "permission_error"}.get(
        status, "api_error" if status >= 500 else "invalid_request_error"
    )
    error: dict[str, object] = {"type": kind, "message": message}
    if family == "anthropic":
        return json.dumps({"type": "error", "error": error}).encode()
    if family == "openai":
        code = "insufficient_quota" if status == 402 else kind
        return json.dumps({"error": {**error, "param": None, "code": code}}).encode()
    error = {"code": status, "message": message, "status": kind.upper()}
    return json.dumps({"error": error}).encode()


def _url(path: str, to: RelayTarget) -> str:
    base = (to.address.base or usual_base(to.address.vendor)).rstrip("/")
    return base + (path.removeprefix("/v1") if to.family == "openai" else path)


def _header(head: RequestHead, to: RelayTarget) -> Mapping[str, str]:
    """The few fields of the worker's that are passed on, and ours."""
    kept = {
        name: value for name, value in head.fields.items() if name in _PASSED_ON and value.isascii()
    }
    key = to.address.key
    ours = {
        "anthropic": {"x-api-key": key},
        "openai": {"authorization": f"Bearer {key}"} if key else {},
        "gemini": {"x-goog-api-key": key},
    }[to.family]
    if to.family == "anthropic":
        kept.setdefault("anthropic-version", "2023-06-01")
    return {**kept, **ours, "content-type": "application/json", "accept-encoding": "identity"}


def _check_model(name: object, to: RelayTarget) -> None:
    if not isinstance(name, str) or name not in to.names:
        shown = json.dumps(name)[:100] if isinstance(name, str) else "no model"
        raise RequestRefused(403, f"only {to.address.model} is granted, and {shown} is asked for")


def _parsed(content: bytes) -> dict[str, object]:
    try:
        body: object = json.loads(content, parse_constant=_refuse)
    except (ValueError, RecursionError):
        body = None
    if not isinstance(body, dict):
        raise RequestRefused(400, "the body is no JSON object")
    return cast("dict[str, object]", body)


def _refuse(constant: str) -> object:
    raise ValueError(constant)


def _asks_for_usage(body: Mapping[str, object]) -> bool:
    return _table(body.get("stream_options")).get("include_usage") is True


def _table(value: object) -> Mapping[str, object]:
    return cast("Mapping[str, object]", value) if isinstance(value, dict) else {}


def _most(form: WireFormat, body: Mapping[str, object]) -> int:
    """Tokens that all answers to it may have together."""
    if form == "gemini":
        config = _table(body.get("generationConfig") or body.get("generation_config"))
        bound = config.get("maxOutputTokens") or config.get("max_output_tokens")
        answers = config.get("candidateCount") or config.get("candidate_count")
    elif form == "chat":
        bound = body.get("max_completion_tokens") or body.get("max_tokens")
        answers = body.get("n")
    else:
        bound = body.get("max_tokens" if form == "messages" else "max_output_tokens")
        answers = None
    return min(_count(bound, OUTPUT) * _count(answers, 1), _MOST_OUTPUT)


def _count(value: object, default: int) -> int:
    return min(value, _MOST_OUTPUT) if isinstance(value, int) and value > 0 else default
