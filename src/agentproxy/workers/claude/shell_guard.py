"""Runs a command line of Claude Code in a Landlock domain of its own.

Claude Code starts it inside the sandbox, with the command line as the only argument. The domain
forbids next to nothing by itself, but a process in it cannot look into one outside. Otherwise a
command could write what the SDK takes for words of Claude Code, and read its memory. Uses only the
standard library.
"""

import ctypes
import os
import struct
import sys

# System calls, the same on every processor that we support.
_CREATE_RULESET, _RESTRICT_SELF = 444, 446
_VERSION_FLAG = 1
_NO_NEW_PRIVILEGES = 38
_MAKE_CHARACTER_DEVICES = 1 << 6
_SCOPE_SIGNALS = 1 << 1
_WITH_SCOPES = 6  # the version of Landlock
_KEYS = ("ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN", "CLAUDE_CODE_OAUTH_TOKEN")


def enter_domain() -> None:
    """Exits if the kernel has no Landlock."""
    libc = ctypes.CDLL(None, use_errno=True)
    version = libc.syscall(_CREATE_RULESET, None, 0, _VERSION_FLAG)
    scoped = version >= _WITH_SCOPES
    rules = struct.pack("QQQ", _MAKE_CHARACTER_DEVICES, 0, _SCOPE_SIGNALS if scoped else 0)
    size = len(rules) if scoped else len(rules) // 3
    ruleset = libc.syscall(_CREATE_RULESET, rules, size, 0) if version > 0 else -1
    if (
        ruleset < 0
        or libc.prctl(_NO_NEW_PRIVILEGES, 1, 0, 0, 0)
        or libc.syscall(_RESTRICT_SELF, ruleset, 0)
    ):
        sys.exit("the sandbox cannot keep commands apart from Claude Code: no Landlock")
    os.close(ruleset)


def main(words: list[str]) -> None:
    enter_domain()
    for name in _KEYS:
        os.environ.pop(name, None)
    os.execv("/bin/bash", ["bash", "-c", " ".join(words)])


if __name__ == "__main__":
    main(sys.argv[1:])
