"""Addresses as a person may see them. Pure."""

from urllib.parse import urlsplit, urlunsplit


def without_user(url: str) -> str:
    """Returns an address without the user, the password and the query; "" where it has no form.

    The user of an SSH address stays: it is part of how the server is reached.
    """
    try:
        parts = urlsplit(url)
        port = f":{parts.port}" if parts.port else ""
    except ValueError:
        return ""
    if not parts.scheme:
        return ""
    host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname or ""
    user = f"{parts.username}@" if parts.username and "ssh" in parts.scheme else ""
    return urlunsplit((parts.scheme, f"{user}{host}{port}", parts.path, "", ""))
