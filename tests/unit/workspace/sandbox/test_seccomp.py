"""The filter's decisions on both machines, by running its program as the kernel would."""

import pytest

from agentproxy.workspace.sandbox.seccomp import DENIED, encode, program, this_machine
from agentproxy.workspace.sandbox.syscalls import NUMBERS, Machine

ALLOW, KILL, EPERM, ENOSYS, EAFNOSUPPORT = 0x7FFF0000, 0x80000000, 0x50001, 0x50026, 0x50061
AUDIT: dict[Machine, int] = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
MACHINES: tuple[Machine, ...] = ("x86_64", "aarch64")


def decide(machine: Machine, number: int, *arguments: int, audit: int | None = None) -> int:
    """Classic BPF, as far as the filter uses it."""
    words = {0: number, 4: AUDIT[machine] if audit is None else audit}
    words |= {16 + 8 * place: value & 0xFFFFFFFF for place, value in enumerate(arguments)}
    lines, at, held = program(machine), 0, 0
    while True:
        code, yes, no, operand = lines[at]
        at += 1
        if code == 0x20:
            held = words.get(operand, 0)
        elif code == 0x06:
            return operand
        else:
            met = {0x15: held == operand, 0x35: held >= operand, 0x45: bool(held & operand)}[code]
            at += yes if met else no


def called(machine: Machine, name: str, *arguments: int) -> int:
    return decide(machine, NUMBERS[machine][name], *arguments)


@pytest.mark.parametrize("machine", MACHINES)
def test_what_is_listed_is_refused_and_what_is_not_is_allowed(machine: Machine) -> None:
    for name in set(DENIED) & NUMBERS[machine].keys():
        assert called(machine, name) == EPERM
    ordinary = set(range(600)) - set(NUMBERS[machine].values())
    assert {decide(machine, number) for number in ordinary} == {ALLOW}


@pytest.mark.parametrize("machine", MACHINES)
def test_calls_whose_arguments_cannot_be_read_do_not_exist(machine: Machine) -> None:
    assert called(machine, "clone3") == ENOSYS
    assert called(machine, "openat2") == ENOSYS


@pytest.mark.parametrize("machine", MACHINES)
@pytest.mark.parametrize(
    "flag",
    [0x10000000, 0x20000, 0x20000000, 0x40000000, 0x04000000, 0x08000000, 0x02000000],
)
def test_clone_makes_threads_and_no_namespaces(machine: Machine, flag: int) -> None:
    threads = 0x3D0F00  # what a C library asks for a thread
    assert called(machine, "clone", threads) == ALLOW
    assert called(machine, "clone", 17) == ALLOW
    assert called(machine, "clone", flag | 17) == EPERM


@pytest.mark.parametrize("machine", MACHINES)
def test_no_call_leaves_a_setuid_file(machine: Machine) -> None:
    numbers = NUMBERS[machine]
    for name, place in {
        "chmod": 1,
        "fchmod": 1,
        "fchmodat": 2,
        "fchmodat2": 2,
        "mknodat": 2,
    }.items():
        if name in numbers:
            for mode, answer in ((0o755, ALLOW), (0o4755, EPERM), (0o2755, EPERM), (0o1777, ALLOW)):
                assert called(machine, name, *[0] * place, mode) == answer
    for flags, mode, answer in (
        (0o100, 0o644, ALLOW),
        (0o100, 0o4755, EPERM),
        (0o20000000, 0o2755, EPERM),
        (0, 0o6000, ALLOW),  # without O_CREAT the mode is not looked at, and may be anything
    ):
        assert called(machine, "openat", 0, 0, flags, mode) == answer


@pytest.mark.parametrize("machine", MACHINES)
def test_terminals_take_no_injected_input(machine: Machine) -> None:
    assert called(machine, "ioctl", 0, 0x5412) == EPERM
    assert called(machine, "ioctl", 0, 0x541C) == EPERM
    assert called(machine, "ioctl", 0, 0x1_0000_5412) == EPERM  # the kernel cuts it to 32 bits
    assert called(machine, "ioctl", 0, 0x5401) == ALLOW


@pytest.mark.parametrize("machine", MACHINES)
def test_only_four_families_of_sockets_exist(machine: Machine) -> None:
    allowed = {family for family in range(50) if called(machine, "socket", family) == ALLOW}
    refused = {called(machine, "socket", family) for family in set(range(50)) - allowed}
    assert (allowed, refused) == ({1, 2, 10, 16}, {EAFNOSUPPORT})


@pytest.mark.parametrize("machine", MACHINES)
def test_another_architectures_calls_kill(machine: Machine) -> None:
    i386, x32 = 0x40000003, 0x40000000
    assert decide(machine, 1, audit=i386) == KILL
    assert decide("x86_64", x32 | 1) == KILL


def test_the_encoded_filter_fits_the_kernels_bound() -> None:
    for machine in MACHINES:
        assert len(encode(program(machine))) == 8 * len(program(machine)) <= 8 * 4096
    assert this_machine() in (*MACHINES, None)
