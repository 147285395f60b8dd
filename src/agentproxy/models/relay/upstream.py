"""Rewrites a worker's request for the vendor, or refuses it; pure."""

import hmac
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from typing import Literal, cast

from agentproxy.models.budget import TokenEstimate
from agentproxy.models.names import ModelAddress, usual_base
from agentproxy.models.relay.output_bound import (
    bounded,
    least_output,
    output_tokens,
    within_own_limit,
)
from agentproxy.models.relay.refusals import KEY, REACH, SOCKET, Wording
from agentproxy.models.relay.request_allowlist import RequestRefused, check_reach
from agentproxy.models.relay.request_body import (
    MAX_PARTS,
    check_parts,
    encode_body,
    parse_body,
)
from agentproxy.models.relay.token_estimate import question_tokens
from agentproxy.models.relay.usage import WireFormat
from agentproxy.models.relay.vendor_tools import without_vendor_tools
from agentproxy.net.request import RequestHead

Family = Literal["anthropic", "openai", "gemini"]
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
# The form of the requests that only count tokens.
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
# The variables by which clients of these vendors find their address and key.
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
    """The model that was granted, by the name that the user chose.

    `also` leads from other names that the worker may ask for, or patterns of them with `*`, to the
    models that answer. They have the same vendor, address and key.
    """

    name: str
    address: ModelAddress
    also: Mapping[str, "RelayTarget"] = field(default_factory=dict[str, "RelayTarget"])

    @property
    def family(self) -> Family:
        wire = self.address.wire
        return wire if wire in ("anthropic", "gemini") else "openai"

    @property
    def names(self) -> frozenset[str]:
        """The names that a request may use for the model."""
        model = self.address.model
        return frozenset({self.name, model, f"{self.address.vendor}/{model}"})

    def answering(self, asked: object) -> "RelayTarget":
        """Returns the granted model that answers a request. Raises RequestRefused."""
        if isinstance(asked, str):
            if asked in self.names:
                return self
            for granted in self.also.values():
                if asked in granted.names:
                    return granted
            for pattern, granted in self.also.items():
                if fnmatchcase(asked, pattern.replace("[", "[[]").replace("?", "[?]")):
                    return granted
        shown = json.dumps(asked)[:100] if isinstance(asked, str) else "no model"
        cure = f"ask for {self.address.model}, or grant it: models in [worker.NAME]"
        raise RequestRefused(REACH, f"{shown} is not granted: {cure}")

    def variables(self, at: str, *, token: str) -> Mapping[str, str]:
        """Returns the environment with the relay's address, its key, and the model's name."""
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
    """A request for the vendor. `question`, `most` and `least` are tokens of it and its answer."""

    method: str
    url: str
    fields: Mapping[str, str]
    body: bytes
    model: str = ""  # the granted name of the model that answers
    form: WireFormat | None = None  # None: the vendor does not bill it
    question: int = 0
    most: int = 0
    least: int = 0
    streamed: bool = False
    added_usage: bool = False  # the stream reports its usage because we asked, not the worker
    vendor: str = ""
    left_out: tuple[str, ...] = ()  # kinds of tools that the vendor would run

    @property
    def need(self) -> TokenEstimate:
        return TokenEstimate(self.question, most=self.most, least=min(self.most, self.least))


def wire_of(head: RequestHead, family: Family) -> WireFormat:
    """Returns the wire in which the client that sent this request reads a refusal."""
    if family == "openai":
        return "responses" if "/responses" in head.target.partition("?")[0] else "chat"
    return usual_wire(family)


def usual_wire(family: Family) -> WireFormat:
    return _COUNTED[family]


def check_token(head: RequestHead, token: str) -> None:
    """Raises RequestRefused if the request does not have the key that the worker was given."""
    bearer = head.fields.get("authorization", "").removeprefix("Bearer ").strip()
    query = head.target.partition("?")[2].split("&")
    given = [bearer, head.fields.get("x-api-key", ""), head.fields.get("x-goog-api-key", "")]
    given += [each.removeprefix("key=") for each in query if each.startswith("key=")]
    if not any(hmac.compare_digest(each.encode(), token.encode()) for each in given):
        raise RequestRefused(KEY, "the key is missing or wrong: use the one of the environment")


def check_path(head: RequestHead, to: RelayTarget) -> tuple[str, WireFormat | None]:
    """Returns the vendor's path for a request, and the form of its answer.

    Raises:
        RequestRefused: the granted model has no such path.
    """
    path, _, query = head.target.partition("?")
    family, form = _PATHS.get((head.method, path), (None, None))
    if head.method == "POST" and (found := _OF_GEMINI.match(path)):
        family, form = "gemini", None if found[2] == "countTokens" else "gemini"
        if to.family == "gemini":
            path = f"/v1beta/models/{to.answering(found[1]).address.model}:{found[2]}"
    if head.fields.get("upgrade", "").lower() == "websocket":
        raise RequestRefused(SOCKET, "a WebSocket is not passed on: ask by HTTP")
    if family != to.family:
        raise RequestRefused(REACH, f"only requests to {to.name} are passed on")
    kept = "&".join(each for each in query.split("&") if each in _QUERY)
    return f"{path}?{kept}" if kept else path, form


def pass_on(
    head: RequestHead, content: bytes, to: RelayTarget, *, parts: int = MAX_PARTS
) -> UpstreamRequest:
    """Returns the request for the vendor, with the real key in it.

    Raises:
        RequestRefused: the request is malformed, too large, not metered, or not allowed.
    """
    path, form = check_path(head, to)
    if head.method == "GET":
        return UpstreamRequest("GET", _url(path, to), _header(head, to), b"")
    check_parts(content, parts)
    try:
        return _rewritten(path, form, head=head, content=content, to=to)
    except RecursionError as error:
        raise RequestRefused(400, "the body is nested too deeply") from error


def _rewritten(
    path: str, form: WireFormat | None, *, head: RequestHead, content: bytes, to: RelayTarget
) -> UpstreamRequest:
    body, twice = parse_body(content)
    if to.family == "gemini":
        found = _OF_GEMINI.match(path.partition("?")[0])
        to = to.answering(found[1] if found else None)
    else:
        to = to.answering(body.get("model"))
        body = {**body, "model": to.address.model}
    if twice:
        raise RequestRefused(400, f"an object has the name {json.dumps(twice[:60])} twice")
    if body.get("background"):
        raise RequestRefused(REACH, "an answer in the background cannot be metered: ask without it")
    body, left_out = without_vendor_tools(form or _COUNTED[to.family], body)
    check_reach(form or _COUNTED[to.family], body)
    if form:
        body = within_own_limit(form, body, to=to.address)
    most = output_tokens(form, body, vendor=to.address.vendor) if form else 0
    # A chat's stream reports its usage only when it is asked to.
    added = form == "chat" and body.get("stream") is True and not _asks_for_usage(body)
    if added:
        body["stream_options"] = {**_table(body.get("stream_options")), "include_usage": True}
    # Encoded anew, so that the vendor reads the same values that were checked.
    encoded = encode_body(body)
    return UpstreamRequest(
        method="POST",
        url=_url(path, to),
        fields=_header(head, to),
        body=encoded,
        model=to.name,
        vendor=to.address.vendor,
        form=form,
        question=question_tokens(body, len(encoded)),
        most=most,
        least=least_output(form, body) if form else 0,
        streamed=_is_streamed(path, body, family=to.family),
        added_usage=added,
        left_out=left_out,
    )


def shortened(asked: UpstreamRequest, most: int) -> UpstreamRequest:
    """Returns the same request for answers of at most `most` tokens together."""
    if asked.form is None:
        return asked
    body: dict[str, object] = json.loads(asked.body)
    body = bounded(asked.form, body, most, vendor=asked.vendor)
    return replace(asked, body=encode_body(body), most=most)


def error_body(wire: WireFormat, wording: Wording, message: str) -> bytes:
    """Returns a refusal in the form that this wire's clients understand."""
    message = f"the model relay: {message}"
    error: dict[str, object] = {"type": wording.kind, "message": message}
    if wire == "messages":
        return json.dumps({"type": "error", "error": error}).encode()
    if wire in ("chat", "responses"):
        return json.dumps({"error": {**error, "param": None, "code": wording.kind}}).encode()
    error = {"code": wording.status, "message": message, "status": wording.kind.upper()}
    return json.dumps({"error": error}).encode()


def _url(path: str, to: RelayTarget) -> str:
    base = (to.address.base or usual_base(to.address.vendor)).rstrip("/")
    return base + (path.removeprefix("/v1") if to.family == "openai" else path)


def _header(head: RequestHead, to: RelayTarget) -> Mapping[str, str]:
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


def _is_streamed(path: str, body: Mapping[str, object], *, family: Family) -> bool:
    if family == "gemini":
        return ":stream" in path and "alt=sse" in path
    return body.get("stream") is True


def _asks_for_usage(body: Mapping[str, object]) -> bool:
    return _table(body.get("stream_options")).get("include_usage") is True


def _table(value: object) -> Mapping[str, object]:
    return cast("Mapping[str, object]", value) if isinstance(value, dict) else {}
