"""Which address a request comes from, where a proxy that we trust hands it on. Pure."""

import re
from collections.abc import Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

Network = IPv4Network | IPv6Network
HEADER = b"x-forwarded-for"
_WITH_PORT = re.compile(r"(?:(?P<four>[0-9.]+)|\[(?P<six>[0-9A-Fa-f:.]+)\])(?::[0-9]{1,5})?")


def networks(trusted: Sequence[str]) -> tuple[Network, ...]:
    """Returns the proxies of TRUSTED_PROXIES. Raises ValueError."""
    return tuple(ip_network(each) for each in trusted)


def sender_of(peer: str, headers: Sequence[tuple[bytes, bytes]], trusted: Sequence[Network]) -> str:
    """Returns the address of who sends a request to us, or to the first proxy that we trust.

    Each proxy adds the address of its own client at the right. So the first one from there that is
    no proxy of ours is the sender: whatever stands to its left, the sender may have written.
    """
    sender = _address(peer)
    if sender is None or not _is_in(sender, trusted):
        return peer
    given = b",".join(value for name, value in headers if name.lower() == HEADER)
    for part in reversed(given.decode("latin-1").split(",")):
        before = _address(_without_port(part.strip()))
        if before is None:
            break
        sender = before
        if not _is_in(sender, trusted):
            break
    return str(sender)


def _without_port(text: str) -> str:
    # Some proxies add the port of their client; an IPv6 address then stands in brackets.
    found = _WITH_PORT.fullmatch(text)
    return found["four"] or found["six"] if found else text


def _address(text: str) -> IPv4Address | IPv6Address | None:
    try:
        found = ip_address(text)
    except ValueError:
        return None
    if isinstance(found, IPv6Address) and found.ipv4_mapped is not None:
        return found.ipv4_mapped
    return found


def _is_in(address: IPv4Address | IPv6Address, trusted: Sequence[Network]) -> bool:
    return any(address in network for network in trusted)
