"""Decides whether a `host:port` is granted, and to which addresses a name may resolve. Pure."""

import ipaddress
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

HostAddress = ipaddress.IPv4Address | ipaddress.IPv6Address

# ASCII only, without user, NUL or path: another reader could understand those differently.
_AUTHORITY: Final = re.compile(r"(\[[0-9A-Fa-f:.]{2,45}\]|[A-Za-z0-9_.-]{1,253}):([0-9]{1,5})\Z")
_LABEL: Final = re.compile(r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?\Z")

# Private networks, cloud metadata, and IPv6 forms that contain an IPv4 address.
_FORBIDDEN: Final = tuple(
    ipaddress.ip_network(text)
    for text in (
        "0.0.0.0/8",
        "10.0.0.0/8",
        "100.64.0.0/10",
        "127.0.0.0/8",
        "168.63.129.16/32",  # Azure's metadata
        "169.254.0.0/16",
        "172.16.0.0/12",
        "192.0.0.0/24",
        "192.88.99.0/24",
        "192.168.0.0/16",
        "198.18.0.0/15",
        "224.0.0.0/3",
        "::/96",
        "::ffff:0:0/96",  # IPv4-mapped
        "::ffff:0:0:0/96",
        "64:ff9b::/96",  # NAT64
        "64:ff9b:1::/48",
        "100::/64",
        "2001::/23",
        "2002::/16",  # 6to4
        "fc00::/7",
        "fe80::/9",
        "ff00::/8",
    )
)


class EgressRefused(Exception):
    """A request is refused. The message is the reason."""


@dataclass(frozen=True, slots=True)
class Authority:
    host: str  # lower case, without brackets
    port: int

    @property
    def literal(self) -> HostAddress | None:
        """The host as an address, or None if it is a name."""
        try:
            return ipaddress.ip_address(self.host)
        except ValueError:
            return None

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def parse_authority(text: str, *, default_port: int | None = None) -> Authority:
    """Parses `host:port`, or raises `Refused`."""
    if default_port is not None and not re.search(r":[0-9]+\Z", text):
        text = f"{text}:{default_port}"
    found = _AUTHORITY.match(text)
    if found is None:
        raise EgressRefused("the address is not host:port")
    host, port = found[1].lower(), int(found[2])
    if not 0 < port < 65536:
        raise EgressRefused("the port is not between 1 and 65535")
    if host.startswith("["):
        return _literal(host[1:-1], port)
    if not all(_LABEL.match(label) for label in host.split(".")):
        raise EgressRefused("the host name is invalid")
    return Authority(host, port)


def _literal(text: str, port: int) -> Authority:
    try:
        return Authority(str(ipaddress.IPv6Address(text)), port)
    except ValueError as error:
        raise EgressRefused("the IPv6 address is invalid") from error


def forbidden(address: HostAddress) -> bool:
    """Whether a name must not resolve to this address. Every address that is not public is."""
    return not address.is_global or any(
        address in network for network in _FORBIDDEN if network.version == address.version
    )


class HostGrants:
    """Granted hosts: `host:port`, or `*.example.com:443` for the subdomains of a domain."""

    def __init__(self, hosts: Iterable[str], *, private: Iterable[str] = ()) -> None:
        """Grants `hosts`; those in `private` may resolve to addresses that are not public.

        Raises:
            ValueError: a grant is invalid.
        """
        self._private = frozenset(private)
        exact: set[Authority] = set()
        beneath: set[Authority] = set()
        for text in hosts:
            try:
                if text.startswith("*."):
                    beneath.add(parse_authority(text[2:]))
                else:
                    exact.add(parse_authority(text))
            except EgressRefused as error:
                raise ValueError(
                    f"the allowed host {text!r} is invalid: {error}. Write host:port or *.host:port"
                ) from error
        self._exact, self._beneath = frozenset(exact), frozenset(beneath)

    @property
    def loopback(self) -> frozenset[str]:
        """The granted names and addresses of loopback."""
        literal = {each.host for each in self._exact if each.literal and each.literal.is_loopback}
        named = {each.host for each in self._exact if self.may_be_private(each)}
        return frozenset(literal | (named & {"localhost"}))

    def may_be_private(self, wanted: Authority) -> bool:
        return wanted in self._exact and str(wanted) in self._private

    def check(self, wanted: Authority) -> None:
        """Raises `Refused` if the host and port are not granted."""
        if wanted in self._exact:
            return
        labels = wanted.host.split(".")
        parents = (".".join(labels[at:]) for at in range(1, len(labels)))
        # A pattern is about names: "*.1:80" must not grant an address.
        literal = wanted.literal is not None
        if literal or not any(Authority(name, wanted.port) in self._beneath for name in parents):
            raise EgressRefused("the host is not allowed")
