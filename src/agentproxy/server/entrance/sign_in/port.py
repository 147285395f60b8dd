"""What the guard asks of a sign-in, and what it answers. Pure."""

from dataclasses import dataclass
from typing import Protocol

# A page has to learn how to sign in, and whether somebody has.
CONFIG, ME = "/api/auth/config", "/api/auth/me"
FOUND = "agentproxy.sign_in"  # what was found, in the scope of a request that is let in


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who has signed in, and may use the server."""

    email: str
    name: str | None
    until: float  # when that ends, in seconds since 1970


@dataclass(frozen=True, slots=True)
class Denied:
    """Somebody who may not use it, or not yet: the status of the answer and its words."""

    status: int
    text: str


Verdict = Person | Denied
NOT_SIGNED_IN = Denied(401, "Not authenticated")
NO_KEYS = Denied(503, "the keys of Google cannot be read at the moment: try again soon")


class SignIn(Protocol):
    """Says whose a token is."""

    @property
    def client_id(self) -> str: ...

    def verdict_now(self, token: bytes) -> Verdict | None:
        """Returns None where that has to be waited for: see `check`."""
        ...

    async def check(self, token: bytes) -> Verdict: ...

    async def close(self) -> None: ...
