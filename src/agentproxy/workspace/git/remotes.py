"""The user's remotes as a clone shows them: their names and addresses, without secrets. Pure."""

from collections.abc import Mapping
from urllib.parse import urlsplit, urlunsplit

MAX_REMOTES = 50
# Without isolation a worker has the user's credentials: its push must lead nowhere.
NO_PUSH = "no-push"


def find_remotes(values: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    """Returns names and addresses from the values of a git configuration."""
    named = [
        (key.removeprefix("remote.").removesuffix(".url"), public_address(value))
        for key, value in values.items()
        if key.startswith("remote.") and key.endswith(".url")
    ]
    # One name or address with a line break would begin another line of our configuration.
    shown = [(name, url) for name, url in named if name.isprintable() and url.isprintable()]
    return tuple(sorted((name, url) for name, url in shown if name and url)[:MAX_REMOTES])


def public_address(url: str) -> str:
    """Returns an address without the user, the password and the query, or "" if it has no form.

    The user of an SSH address stays: it is part of how the server is reached.
    """
    if "::" in url.partition("/")[0]:  # the address of a helper program may hold anything
        return ""
    if "://" not in url:
        return url
    try:
        parts = urlsplit(url)
        port = f":{parts.port}" if parts.port else ""
    except ValueError:
        return ""
    host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname or ""
    user = f"{parts.username}@" if parts.username and "ssh" in parts.scheme else ""
    return urlunsplit((parts.scheme, f"{user}{host}{port}", parts.path, "", ""))


def remote_sections(remotes: tuple[tuple[str, str], ...]) -> str:
    """Returns the sections of a git configuration that name the remotes."""
    lines: list[str] = []
    for name, url in remotes:
        lines += [f"[remote {_quoted(name)}]", f"\turl = {_quoted(url)}"]
        lines += [f"\tpushurl = {NO_PUSH}"]
        lines += [f"\tfetch = {_quoted(f'+refs/heads/*:refs/remotes/{name}/*')}"]
    return "".join(f"{line}\n" for line in lines)


def _quoted(value: str) -> str:
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
