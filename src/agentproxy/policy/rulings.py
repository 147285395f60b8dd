"""A ruling, and the policy that rulings come from."""

from collections.abc import Iterable
from dataclasses import dataclass

from agentproxy.text.sensitive import NEVER_READ

SYSTEM = ("/usr", "/bin", "/sbin", "/lib", "/lib64", "/opt", "/nix", "/dev", "/sys/fs/cgroup")
FACTS = ("/proc/cpuinfo", "/proc/meminfo", "/proc/version", "/etc/os-release", "/etc/hosts")
DEVICES = ("/dev/null", "/dev/stdout", "/dev/stderr", "/dev/tty", "/dev/full")


@dataclass(frozen=True, slots=True)
class Allow:
    """It may be done."""


@dataclass(frozen=True, slots=True)
class Refer:
    """Somebody who knows more must decide."""

    reason: str


@dataclass(frozen=True, slots=True)
class Refuse:
    """It may not be done."""

    reason: str


Ruling = Allow | Refer | Refuse


@dataclass(frozen=True, slots=True)
class Policy:
    """What is allowed. Frozen, so that whoever is started by a worker inherits it as it is.

    `root` is the absolute path of the tree, `directory` where commands start, relative to it.
    `scratch` are absolute folders outside that may be written, `readable` those that may be read;
    `secrets` are names that, outside the tree, are never read. `allowed`, `asked` and `denied`
    name programs, and go before what is known of them.
    """

    root: str
    directory: str = "."
    scratch: tuple[str, ...] = ()
    readable: tuple[str, ...] = SYSTEM + FACTS
    secrets: tuple[str, ...] = NEVER_READ
    allowed: tuple[str, ...] = ()
    asked: tuple[str, ...] = ()
    denied: tuple[str, ...] = ()


def strictest(rulings: Iterable[Ruling]) -> Ruling:
    """The first denial, else the first question, else permission."""
    found: Ruling = Allow()
    for ruling in rulings:
        if isinstance(ruling, Refuse):
            return ruling
        if isinstance(found, Allow):
            found = ruling
    return found
