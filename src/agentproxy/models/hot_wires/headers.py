"""The header fields of a question, with those that the vendors' own clients take from the user."""

import os
import re
from collections.abc import Mapping

from agentproxy import __version__
from agentproxy.models.port import ModelRefused

_OWN = {
    "accept": "text/event-stream",
    "accept-encoding": "identity",
    "content-type": "application/json",
    "user-agent": f"agentproxy/{__version__}",
}


_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_VALUE = re.compile(r"[\t\x20-\x7e]*")


def request_headers(own: Mapping[str, str], *, vendor: str) -> dict[str, str]:
    """Returns the fields. The user's own (ANTHROPIC_CUSTOM_HEADERS, a line for each) win.

    Raises ModelRefused: one of the user's own cannot be sent.
    """
    variable = f"{vendor.upper()}_CUSTOM_HEADERS"
    lines = os.environ.get(variable, "").split("\n")
    pairs = (line.partition(":") for line in lines if ":" in line)
    users = {name.strip().lower(): value.strip() for name, _, value in pairs if name.strip()}
    for name, value in users.items():
        _refuse_unsent(variable, value, name=name)
    for value in own.values():
        _refuse_unsent(f"the key of {vendor}", value)
    return {**_OWN, **own, **_of_openai(vendor), **users}


def _refuse_unsent(where: str, value: str, *, name: str = "x") -> None:
    # The value may be a secret, and a name without its colon too.
    if not _NAME.fullmatch(name) or not _VALUE.fullmatch(value):
        cure = "write it in ASCII, without control characters; a line of headers is NAME: VALUE"
        raise ModelRefused(f"{where} cannot be sent in a header", cure=cure)


def _of_openai(vendor: str) -> dict[str, str]:
    if vendor != "openai":
        return {}
    names = {"openai-organization": "OPENAI_ORG_ID", "openai-project": "OPENAI_PROJECT_ID"}
    found = {name: value for name, key in names.items() if (value := os.environ.get(key))}
    for name, value in found.items():
        _refuse_unsent(names[name], value)
    return found
