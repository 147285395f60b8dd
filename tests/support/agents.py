"""Real coding agents, where `make agents` has installed them or PATH has them."""

import json
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from shutil import which

import pytest
from support.answers import Body, Reply

from agentproxy.workers.known.table import known_agents

FOLDER = Path(__file__).parents[2] / ".agents"
USED = (1000, 200)


@dataclass(frozen=True)
class Shell:
    """How a model runs a command with the tools of an agent."""

    tool: str
    argument: str = "command"
    more: Mapping[str, str] = field(default_factory=lambda: {"description": "Mend it"})

    def call(self, command: str) -> Reply:
        call = (self.tool, json.dumps({self.argument: command, **self.more}))
        return Reply(text=("So.",), calls=(call,), stop="tools", usage=USED)


SHELLS = {
    "claude-code": Shell("Bash"),
    "codex": Shell("exec_command", "cmd"),
    "gemini": Shell("run_shell_command"),
    "qwen": Shell("run_shell_command"),
    "opencode": Shell("bash"),
    "opencode-openai": Shell("bash"),
    "copilot": Shell("bash"),
    "kimi": Shell("Bash"),
    "vibe": Shell("bash", more={}),
    "mini": Shell("bash"),
    "openhands": Shell("terminal", more={"security_risk": "LOW"}),
}
# Not sed: Qwen Code takes that for an edit of a file that it has not read.
MEND = (
    "python3 -c \"import pathlib; file = pathlib.Path('calc.py'); "
    "file.write_text(file.read_text().replace('a - b', 'a + b'))\""
)
SUBMIT = "echo COMPLETE_TASK_AND_SUBMIT_FINAL_OUTPUT"
EDIT = """calc.py
```python
<<<<<<< SEARCH
    return a - b
=======
    return a + b
>>>>>>> REPLACE
```
"""


def path_with_agents() -> str:
    """PATH with the programs that `make agents` has installed before all others."""
    return f"{FOLDER / 'bin'}{os.pathsep}{os.environ['PATH']}"


def needs(name: str) -> None:
    """Skips the test where the agent is not installed."""
    if which(known_agents()[name].program, path=path_with_agents()) is None:
        pytest.skip(f"{name} is not installed: make agents, or {known_agents()[name].install}")


def mends(name: str, *commands: str) -> Callable[[Body], Reply]:
    """A model that mends the project with this agent's tool, and then says that it is done."""
    left = list(commands or (MEND,))

    def think(body: Body) -> Reply:
        asked = json.dumps(body)
        if name == "aider":
            return Reply(text=(EDIT,), usage=USED)
        shell = SHELLS[name]
        # A question without the tool is a side question: a title, a summary.
        if f'"{shell.tool}"' not in asked:
            return Reply(text=("A title",), usage=USED)
        if left:
            return shell.call(left.pop(0))
        return shell.call(SUBMIT) if name == "mini" else Reply(text=("Done.",), usage=USED)

    return think
