"""The forms of the settings for a sign-in with Google."""

import re
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field

from agentproxy.config.words import SingleLine, refusal

GOOGLE_KEYS = "https://www.googleapis.com/oauth2/v3/certs"
LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
# Anybody can have an address there.
PUBLIC = frozenset({"@gmail.com", "@googlemail.com"})
# ASCII alone: no two addresses that look the same, and one way to write each in lower case.
_LOCAL = r"[a-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}"
_DOMAIN = r"(?=.{1,253}$)[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)+"
_ENTRY = re.compile(f"(?:{_LOCAL})?@{_DOMAIN}")


def _entry(text: str) -> str:
    entry = text.lower()
    if entry in PUBLIC:
        raise refusal(f"{entry} would let anybody in: name the addresses themselves", cure="")
    if not _ENTRY.fullmatch(entry):
        raise refusal("neither an address nor an @domain", cure="")
    return entry


def _client_id(text: str) -> str:
    if not (text.isascii() and len(text.split()) == 1 and text == text.strip()):
        raise refusal("no client id", cure="")
    return text


def _safe_address(text: str) -> str:
    try:
        parts = urlsplit(text)
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        raise refusal("no address", cure="") from None
    if parts.scheme == "https" and host:
        return text
    if parts.scheme == "http" and host in LOOPBACK:
        return text
    # Who can change the keys on their way signs as anybody.
    raise refusal("not an https address", cure="")


AllowedEntry = Annotated[SingleLine, AfterValidator(_entry)]
ClientId = Annotated[SingleLine, Field(max_length=255), AfterValidator(_client_id)]
KeysAddress = Annotated[SingleLine, AfterValidator(_safe_address)]
