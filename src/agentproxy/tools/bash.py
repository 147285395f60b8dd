"""bash: runs a command line in the sandbox, in the worker's own tree."""

from agentproxy.models.port import ToolSpec
from agentproxy.tools.bounded import MAX_CHARACTERS, bounded
from agentproxy.tools.port import (
    ERROR,
    Arguments,
    Bench,
    Permission,
    ToolOutcome,
    failure,
    schema,
    text_of,
)
from agentproxy.workspace.sandbox.port import Job, JobLimits, SandboxError

MAX_OUTPUT_CHARACTERS = MAX_CHARACTERS


class Bash:
    """Runs a command line to its end. Every process that it starts ends with it."""

    spec = ToolSpec(
        "bash",
        "Run a bash command in the repository. The result is stdout and stderr together. There is "
        "no network. Processes that the command starts end with it.",
        schema({"command": "the command line"}),
    )

    def permission(self, arguments: Arguments) -> Permission:
        return Permission("run", text_of(arguments, "command"))

    async def run(self, arguments: Arguments, bench: Bench) -> ToolOutcome:
        command = text_of(arguments, "command")
        if "\0" in command:
            return failure("the command contains a NUL character")
        job = shell_job(command, bench, seconds=bench.bash_seconds)
        try:
            ended = await bench.sandbox.run(
                job, on_output=lambda chunk: bench.show(chunk.decode(errors="replace"))
            )
        except SandboxError as error:
            return failure(str(error))
        output = cut_output(ended.output.strip("\n"))
        if ended.ending == "timed_out":
            return _failed(output, f"{ERROR}Command timed out ({bench.bash_seconds:g}s)")
        # The sandbox kills a job at its limits: time is handled above, so this is output.
        if ended.killed:
            return _failed(output, f"{ERROR}the command was stopped: it printed too much")
        if ended.exit_code:
            return _failed(output, f"(exit code {ended.exit_code})")
        return ToolOutcome(output or "(no output)")


def _failed(output: str, why: str) -> ToolOutcome:
    return ToolOutcome("\n".join(filter(None, (output, why))), failed=True)


def shell_job(command: str, bench: Bench, *, seconds: float) -> Job:
    """Returns the job of a command line in the agent's own tree."""
    return bench.place.job(
        ("/bin/bash", "-c", command),
        env=bench.variables(),
        home=bench.home,
        limits=JobLimits(seconds=seconds, kept_output=2 * MAX_OUTPUT_CHARACTERS),
    )


def cut_output(output: str, *, lost: int = 0) -> str:
    """Returns the beginning and the end of an output that is long, or has lost its middle."""
    return bounded(output, lost=lost)
