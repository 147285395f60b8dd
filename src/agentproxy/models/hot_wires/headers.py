"""The header fields of a question, with those that the vendors' own clients take from the user."""

import os
from collections.abc import Mapping

from agentproxy import __version__

_OWN = {
    "accept": "text/event-stream",
    "accept-encoding": "identity",
    "content-type": "application/json",
    "user-agent": f"agentproxy/{__version__}",
}


def request_headers(own: Mapping[str, str], *, vendor: str) -> dict[str, str]:
    """Returns the fields. The user's own (ANTHROPIC_CUSTOM_HEADERS, a line for each) win."""
    lines = os.environ.get(f"{vendor.upper()}_CUSTOM_HEADERS", "").split("\n")
    pairs = (line.partition(":") for line in lines if ":" in line)
    users = {name.strip().lower(): value.strip() for name, _, value in pairs if name.strip()}
    return {**_OWN, **own, **_of_openai(vendor), **users}


def _of_openai(vendor: str) -> dict[str, str]:
    if vendor != "openai":
        return {}
    names = {"openai-organization": "OPENAI_ORG_ID", "openai-project": "OPENAI_PROJECT_ID"}
    return {name: value for name, key in names.items() if (value := os.environ.get(key))}
