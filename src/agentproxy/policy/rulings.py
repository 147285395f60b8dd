"""The three rulings, and the policy that they follow."""

from collections.abc import Iterable
from dataclasses import dataclass

from agentproxy.text.sensitive import NEVER_READ

SYSTEM = ("/usr", "/bin", "/sbin", "/lib", "/lib64", "/opt", "/nix", "/dev", "/sys/fs/cgroup")
FACTS = ("/proc/cpuinfo", "/proc/meminfo", "/proc/version", "/etc/os-release", "/etc/hosts")
DEVICES = ("/dev/null", "/dev/stdout", "/dev/stderr", "/dev/tty", "/dev/full")


@dataclass(frozen=True, slots=True)
class Allow:
    """The worker may do it."""


@dataclass(frozen=True, slots=True)
class Refer:
    """A person has to decide. `reason` says what the policy cannot tell."""

    reason: str


@dataclass(frozen=True, slots=True)
class Refuse:
    """The worker may not do it. No person is asked."""

    reason: str


Ruling = Allow | Refer | Refuse


@dataclass(frozen=True, slots=True)
class Policy:
    """What a worker may do in one tree."""

    # Frozen: a subagent of a worker has the same policy, and cannot widen it.
    root: str  # absolute
    directory: str = "."  # where commands start, relative to `root`
    scratch: tuple[str, ...] = ()  # absolute folders outside the tree that may be written
    readable: tuple[str, ...] = SYSTEM + FACTS
    secrets: tuple[str, ...] = NEVER_READ  # names that are never read outside the tree
    # Names of programs. These rulings come before the table of known programs.
    allowed: tuple[str, ...] = ()
    asked: tuple[str, ...] = ()
    denied: tuple[str, ...] = ()


def strictest(rulings: Iterable[Ruling]) -> Ruling:
    """Returns the first Refuse, else the first Refer, else Allow."""
    found: Ruling = Allow()
    for ruling in rulings:
        if isinstance(ruling, Refuse):
            return ruling
        if isinstance(found, Allow):
            found = ruling
    return found
