"""Who may come in."""

from collections.abc import Sequence
from dataclasses import dataclass

from agentproxy.server.entrance.sign_in.port import CONFIG, ME, SignIn
from agentproxy.server.senders import Network

OPEN = frozenset({"/health"})


@dataclass(frozen=True, slots=True)
class Doors:
    """What a request needs to be let in."""

    hosts: frozenset[str]  # values of the Host header
    origins: frozenset[str]  # of web pages
    api_key: str = ""  # "" for none
    proxies: Sequence[Network] = ()  # whose word on the sender's address counts
    sign_in: SignIn | None = None

    @property
    def open_paths(self) -> frozenset[str]:
        """The paths that ask for nothing."""
        return OPEN | {CONFIG, ME} if self.sign_in is not None else OPEN
