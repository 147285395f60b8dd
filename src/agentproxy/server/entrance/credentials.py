"""The key or token that a request brings. Pure."""

from collections.abc import Mapping
from contextlib import suppress
from urllib.parse import parse_qs

from starlette.types import Scope

MAX_FIELDS = 20


def given_key(scope: Scope, headers: Mapping[str, str]) -> bytes:
    """Returns X-API-Key, else what follows `Bearer`, else of a socket `?token=`; b"" for none."""
    # The bytes that were sent: a key need not be ASCII.
    if key := headers.get("x-api-key", ""):
        return key.encode("latin-1")
    scheme, _, key = headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer" and key:
        return key.strip().encode("latin-1")
    # A browser cannot set a header of a socket.
    if scope["type"] == "websocket":
        with suppress(ValueError):
            query = parse_qs(scope["query_string"].decode("latin-1"), max_num_fields=MAX_FIELDS)
            return query.get("token", [""])[0].encode("utf-8", "surrogatepass")
    return b""
