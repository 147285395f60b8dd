"""The command line and the variables of Claude Code. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal

Mode = Literal["default", "acceptEdits", "plan", "dontAsk", "bypassPermissions"]
# What is left out reaches other machines, outlives the round, or runs programs past the policy.
TOOLS: Final = (
    "AskUserQuestion", "Bash", "Edit", "ExitPlanMode", "Glob", "Grep", "NotebookEdit", "Read",
    "Skill", "Task", "TaskCreate", "TaskGet", "TaskList", "TaskOutput", "TaskStop", "TaskUpdate",
    "ToolSearch", "Write",
)  # fmt: skip
# It finds its model under any of these names: a subagent or a title asks for a small one.
MODEL_NAMES: Final = (
    "ANTHROPIC_MODEL", "ANTHROPIC_SMALL_FAST_MODEL", "ANTHROPIC_DEFAULT_HAIKU_MODEL",
    "ANTHROPIC_DEFAULT_SONNET_MODEL", "ANTHROPIC_DEFAULT_OPUS_MODEL", "CLAUDE_CODE_SUBAGENT_MODEL",
)  # fmt: skip
ANSWERS_PAID: Final = 6
MIN_ANSWER_TOKENS: Final = 1024  # a call with a few lines of code needs as much
MAX_ANSWER_TOKENS: Final = 32_000  # its own limit
VARIABLES: Final[Mapping[str, str]] = {
    "CLAUDE_CODE_ENTRYPOINT": "sdk-py",
    # Its updates, titles and reports go to hosts that the sandbox refuses.
    "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
    "DISABLE_AUTOUPDATER": "1",
    "DISABLE_TELEMETRY": "1",
    "DISABLE_ERROR_REPORTING": "1",
    # It says when no further turn is owed. A result alone ends a turn, not the work.
    "CLAUDE_CODE_EMIT_SESSION_STATE_EVENTS": "1",
}


@dataclass(frozen=True, slots=True)
class ClaudeChoices:
    """What the user chose in `[worker.claude]`."""

    model: str = ""  # where none is granted through the relay; "": its own choice
    mode: Mode = "default"
    tools: tuple[str, ...] = TOOLS
    directories: tuple[str, ...] = ()  # absolute, shown read-only


def answer_tokens(left: float | None, *, thousand: float) -> int | None:
    """Returns how long an answer may be; None: as long as the program wants.

    `left` are the US dollars of the run, and `thousand` is the price of as many tokens.
    """
    if left is None or thousand <= 0:
        return None
    # The relay reserves the price of the longest answer, and several may be asked for at once.
    paid = int(left / ANSWERS_PAID / thousand * 1000)
    return min(max(paid, MIN_ANSWER_TOKENS), MAX_ANSWER_TOKENS)


def arguments(
    choices: ClaudeChoices, *, model: str, session: str = "", servers: str = ""
) -> Sequence[str]:
    """Returns the arguments for a new conversation, or for the one that is resumed.

    `servers` is the file that names the MCP servers.
    """
    words = [
        "--print",
        "--verbose",
        "--input-format=stream-json",
        "--output-format=stream-json",
        "--include-partial-messages",
        # Permissions and questions come to us.
        "--permission-prompt-tool=stdio",
        f"--permission-mode={choices.mode}",
        f"--tools={','.join(choices.tools)}",
        # Nobody has trusted the settings, hooks and servers of the repository.
        "--setting-sources=",
        "--strict-mcp-config",
    ]
    if model:
        words.append(f"--model={model}")
    if session:
        words.append(f"--resume={session}")
    for directory in choices.directories:
        words += ["--add-dir", directory]
    if servers:
        words.append(f"--mcp-config={servers}")
    return words


def variables(
    *, model: str, shell: str = "", answer_tokens: int | None = None, tries: int | None = None
) -> dict[str, str]:
    """Returns the variables.

    `shell` is the program that runs its command lines, and `tries` bounds how often it repeats a
    question that failed.
    """
    found = {**VARIABLES, **dict.fromkeys(MODEL_NAMES if model else (), model)}
    if tries is not None:
        found["CLAUDE_CODE_MAX_RETRIES"] = str(tries)
    if shell:
        found["CLAUDE_CODE_SHELL_PREFIX"] = shell
    if answer_tokens is not None:
        found["CLAUDE_CODE_MAX_OUTPUT_TOKENS"] = str(answer_tokens)
    return found
