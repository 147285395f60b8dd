"""Builds the system call filter as a program in classic BPF."""

import platform
import struct
from typing import Final

from agentproxy.workspace.sandbox.syscalls import NUMBERS, Machine

_AUDIT: Final[dict[Machine, int]] = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
_X32_BIT: Final = 0x40000000

# Offsets into struct seccomp_data; an argument's low word comes first on both machines.
_NUMBER: Final = 0
_ARCHITECTURE: Final = 4
_FIRST_ARGUMENT: Final = 16

_ALLOW: Final = 0x7FFF0000
_KILL_PROCESS: Final = 0x80000000
_ERROR: Final = 0x00050000
_EPERM: Final = 1
_ENOSYS: Final = 38
_EAFNOSUPPORT: Final = 97

_LOAD: Final = 0x20
_EQUAL: Final = 0x15
_AT_LEAST: Final = 0x35
_ANY_BIT: Final = 0x45
_RETURN: Final = 0x06

_DENIED: Final = (
    "ptrace process_vm_readv process_vm_writev kcmp pidfd_getfd "
    "add_key request_key keyctl bpf perf_event_open userfaultfd "
    "io_uring_setup io_uring_enter io_uring_register "
    "mount umount2 pivot_root chroot open_tree move_mount fsopen fsconfig fsmount fspick "
    "mount_setattr open_tree_attr setns unshare "
    "kexec_load kexec_file_load init_module finit_module delete_module "
    "swapon swapoff reboot acct quotactl quotactl_fd name_to_handle_at open_by_handle_at "
    "iopl ioperm modify_ldt settimeofday clock_settime adjtimex clock_adjtime "
    "syslog lookup_dcookie vhangup sethostname setdomainname fanotify_init nfsservctl"
)
DENIED: Final = tuple(_DENIED.split())
# A filter can read registers, but no memory. These calls have arguments behind a pointer: they get
# ENOSYS, and programs then use the older call.
MISSING: Final = ("clone3", "openat2")
FAMILIES: Final = (1, 2, 10, 16)  # AF_UNIX, AF_INET, AF_INET6, AF_NETLINK
_TERMINAL_INJECTION: Final = (0x5412, 0x541C)  # TIOCSTI, TIOCLINUX
# CLONE_NEWTIME, NEWNS, NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID, NEWNET. NEWTIME shares its bit
# with the exit signal of clone(2) and is reachable by clone3 and unshare only, so it is left out.
_NAMESPACES: Final = 0x7E020000
_SET_ID_BITS: Final = 0o6000
_CREATES: Final = 0o100 | 0o20000000  # O_CREAT, __O_TMPFILE
# Which argument holds the mode of a call that can leave a setuid file behind.
_MODE_ARGUMENT: Final = {
    "chmod": 1,
    "fchmod": 1,
    "fchmodat": 2,
    "fchmodat2": 2,
    "creat": 1,
    "mknod": 1,
    "mknodat": 2,
}
_OPEN_FLAGS: Final = {"open": 1, "openat": 2}

Instruction = tuple[int, int, int, int]  # code, jump if true, jump if false, operand


def _say(answer: int) -> Instruction:
    return (_RETURN, 0, 0, answer)


def _load(offset: int) -> Instruction:
    return (_LOAD, 0, 0, offset)


def _argument(index: int) -> Instruction:
    return _load(_FIRST_ARGUMENT + 8 * index)


def _refuse(error: int) -> list[Instruction]:
    return [_say(_ERROR | error)]


def _unless_bits(bits: int, *, argument: int) -> list[Instruction]:
    return [_argument(argument), (_ANY_BIT, 0, 1, bits), *_refuse(_EPERM), _say(_ALLOW)]


def _unless_creating_set_id(*, flags: int) -> list[Instruction]:
    mode = _unless_bits(_SET_ID_BITS, argument=flags + 1)
    return [_argument(flags), (_ANY_BIT, 1, 0, _CREATES), _say(_ALLOW), *mode]


def _one_of(values: tuple[int, ...], *, argument: int, found: int, other: int) -> list[Instruction]:
    last = len(values)
    tests: list[Instruction] = [
        (_EQUAL, last - place, 0, value) for place, value in enumerate(values)
    ]
    return [_argument(argument), *tests, _say(other), _say(found)]


def _rules() -> dict[str, list[Instruction]]:
    # A call that is not here is allowed. Every body must end with a return instruction.
    rules = {name: _refuse(_EPERM) for name in DENIED}
    rules |= {name: _refuse(_ENOSYS) for name in MISSING}
    rules |= {name: _unless_bits(_SET_ID_BITS, argument=at) for name, at in _MODE_ARGUMENT.items()}
    rules |= {name: _unless_creating_set_id(flags=at) for name, at in _OPEN_FLAGS.items()}
    rules["clone"] = _unless_bits(_NAMESPACES, argument=0)
    rules["ioctl"] = _one_of(_TERMINAL_INJECTION, argument=1, found=_ERROR | _EPERM, other=_ALLOW)
    rules["socket"] = _one_of(FAMILIES, argument=0, found=_ALLOW, other=_ERROR | _EAFNOSUPPORT)
    return rules


def _prologue(machine: Machine) -> list[Instruction]:
    # The same numbers mean other calls on another architecture (32 bit, x32), so kill the process.
    lines = [
        _load(_ARCHITECTURE),
        (_EQUAL, 1, 0, _AUDIT[machine]),
        _say(_KILL_PROCESS),
        _load(_NUMBER),
    ]
    if machine == "x86_64":
        lines += [(_AT_LEAST, 0, 1, _X32_BIT), _say(_KILL_PROCESS)]
    return lines


def this_machine() -> Machine | None:
    """Returns this machine, or None if no filter exists for it."""
    name = platform.machine()
    return name if name in ("x86_64", "aarch64") else None


def program(machine: Machine) -> tuple[Instruction, ...]:
    lines = _prologue(machine)
    for name, body in _rules().items():
        number = NUMBERS[machine].get(name)
        if number is not None:
            lines += [(_EQUAL, 0, len(body), number), *body]
    return (*lines, _say(_ALLOW))


def encode(lines: tuple[Instruction, ...]) -> bytes:
    """Encodes the filter as an array of struct sock_filter."""
    return b"".join(struct.pack("=HBBI", *line) for line in lines)
