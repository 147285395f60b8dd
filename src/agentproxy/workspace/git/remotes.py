"""The user's remotes as a clone shows them: their names and addresses, without secrets. Pure."""

import re
from collections.abc import Mapping

from agentproxy.text.addresses import without_user
from agentproxy.text.sensitive import secret_spans

MAX_REMOTES = 50
# Without isolation a worker has the user's credentials: its push must lead nowhere.
NO_PUSH = "no-push"
# What git allows in no refname: a remote with such a name makes every command of a clone fail.
NO_REFNAME = re.compile(r"[\x00-\x20\x7f~^:?*\[\\]|\.\.|@\{|//|(?:^|/)\.|^/|/$|\.lock(?:/|$)")
PARAMETERS = re.compile(r";\w+=.*", re.DOTALL)


def find_remotes(values: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    """Returns names and addresses from the values of a git configuration."""
    named = [
        (key.removeprefix("remote.").removesuffix(".url"), public_address(value))
        for key, value in values.items()
        if key.startswith("remote.") and key.endswith(".url")
    ]
    named = [(name, url) for name, url in named if not NO_REFNAME.search(name)]
    # One name or address with a line break would begin another line of our configuration.
    shown = [(name, url) for name, url in named if name.isprintable() and url.isprintable()]
    return tuple(sorted((name, url) for name, url in shown if name and url)[:MAX_REMOTES])


def public_address(url: str) -> str:
    """Returns an address without the user, the password, the query and the parameters.

    The user of an SSH address stays: it is part of how the server is reached. Returns "" for an
    address that has no form, or in which something still looks like a secret.
    """
    if "::" in url.partition("/")[0]:  # the address of a helper program may hold anything
        return ""
    shown = PARAMETERS.sub("", without_user(url) if "://" in url else _without_password(url))
    return "" if any(True for _ in secret_spans(shown)) else shown


def _without_password(address: str) -> str:
    # `git@host:path`, a path, or an address that somebody mistyped. An "@" may be in a path too.
    before, at, rest = address.rpartition("@")
    is_path = address.startswith(("/", "./", "../")) and not address.startswith("//")
    if not at or is_path or ":" not in before:
        return address
    return rest if ":" in address.partition("@")[0] or ":" in rest else address


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
