"""Runs a command of the background in the sandbox, to its end."""

import asyncio
from dataclasses import dataclass, field

from agentproxy.events.background import BackgroundEnded, BackgroundStatus
from agentproxy.tools.background.tasks import result_of
from agentproxy.tools.bash import MAX_OUTPUT_CHARACTERS, cut_output, shell_job
from agentproxy.tools.port import ERROR, Bench
from agentproxy.workspace.sandbox.port import Ended, OutputStream

KEPT_BYTES = 4 * MAX_OUTPUT_CHARACTERS  # of each end of an output: a character may have 4


@dataclass
class _Kept:
    """The first and the last bytes of an output."""

    head: bytearray = field(default_factory=bytearray)
    tail: bytearray = field(default_factory=bytearray)
    lost: int = 0  # bytes between them

    async def take(self, stream: OutputStream) -> None:
        while chunk := await stream.read():
            room = KEPT_BYTES - len(self.head)
            self.head += chunk[:room]
            self.tail += chunk[room:]
            if (more := len(self.tail) - KEPT_BYTES) > 0:
                self.lost += more
                del self.tail[:more]

    @property
    def text(self) -> str:
        return (self.head + self.tail).decode("utf-8", "replace")


async def run_command(task: str, command: str, *, bench: Bench, seconds: float) -> BackgroundEnded:
    """Returns how the command ended. Cancellation kills its processes. Raises SandboxError."""
    job = shell_job(command, bench, seconds=seconds)
    out, err = _Kept(), _Kept()
    async with bench.sandbox.open(job) as process:
        process.stdin.close()
        async with asyncio.TaskGroup() as group:
            group.create_task(out.take(process.stdout))
            group.create_task(err.take(process.stderr))
        ended = await process.wait()
    # The one after the other: a program writes its reasons to stderr, at the end.
    output = cut_output(f"{out.text}{err.text}".strip(), lost=out.lost + err.lost)
    status, result = _told(ended, output, seconds)
    return BackgroundEnded(task=task, status=status, result=result, exit_code=ended.exit_code)


def _told(ended: Ended, output: str, seconds: float) -> tuple[BackgroundStatus, str]:
    if ended.ending == "timed_out":
        return "timeout", f"{ERROR}Timeout ({seconds:g}s)"
    if ended.killed:
        return "error", f"{ERROR}the command was stopped: it printed too much"
    return "completed", result_of(output, ended.exit_code)
