"""How a refusal is worded on each wire, so that its clients do not ask again; pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from agentproxy.models.relay.usage import WireFormat

KEY, MONEY, REACH, SOCKET = 401, 402, 403, 426


@dataclass(frozen=True, slots=True)
class Wording:
    """A status, and the kind of error in the body."""

    status: int
    kind: str


@dataclass(frozen=True, slots=True)
class Refusals:
    """One wire. `wordings` replace our own statuses; `tried` names the clients that obey."""

    wordings: Mapping[int, Wording]
    tried: tuple[str, ...]


_ONCE: Final = Wording(400, "invalid_request_error")
_OUR_KINDS: Final = {
    KEY: "authentication_error",
    MONEY: "billing_error",
    REACH: "permission_error",
    SOCKET: "upgrade_required",
}
_NO_MONEY: Final = Wording(400, "insufficient_quota")
# Tried with these versions: each of them sends one request for one refusal. In other forms they ask
# again: Claude Code after 400; Codex after 401, 402, 403 and 404; opencode and Qwen Code after 429;
# aider after 402, 403 and 429; Gemini CLI after 429.
REFUSALS: Final[Mapping[WireFormat, Refusals]] = {
    "messages": Refusals({}, tried=("Claude Code 2.1.332", "opencode 1.18.33")),
    "chat": Refusals(
        {REACH: _ONCE, MONEY: _NO_MONEY},
        tried=(
            "aider 0.86.2",
            "Qwen Code 0.24.4",
            "mistral-vibe 3.0.2",
            "kimi-code 2.1.0",
            "Copilot CLI 1.0.102",
        ),
    ),
    "responses": Refusals(
        {KEY: _ONCE, REACH: _ONCE, MONEY: _NO_MONEY}, tried=("Codex 0.171.0", "opencode 1.18.33")
    ),
    "gemini": Refusals({}, tried=("Gemini CLI 0.61.0",)),
}


def wording(wire: WireFormat, status: int) -> Wording:
    """Returns how a refusal with a status of ours is answered on a wire."""
    other = "api_error" if status >= 500 else "invalid_request_error"
    own = Wording(status, _OUR_KINDS.get(status, other))
    return REFUSALS[wire].wordings.get(status, own)
