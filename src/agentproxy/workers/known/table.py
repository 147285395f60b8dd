"""The known agents, and the `[worker.NAME]` that lets each of them work."""

import datetime
import json
import re
import shlex
import tomllib
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

Words = Annotated[tuple[str, ...], Field(strict=False)]
INSTALL = {"npm": "npm install -g", "pypi": "pip install"}


class KnownAgent(BaseModel):
    """One row. `script` is for sh, with the program as $0."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    title: str
    program: str
    package: Annotated[str, Field(pattern=r"^(npm|pypi):")]
    version: str = "--version"
    can: Words
    wire: Literal["messages", "chat", "responses", "gemini"]
    model: str
    script: str
    env: dict[str, str] = Field(default_factory=dict)
    hosts: Words = ()
    home: Words = ()
    models: dict[str, str] = Field(default_factory=dict)
    keeps: Words = ()
    tried: str
    on: datetime.date
    by: Literal["make agents", "by hand"]
    notes: Words = ()

    @property
    def registry(self) -> str:
        return self.package.partition(":")[0]

    @property
    def package_name(self) -> str:
        return self.package.partition(":")[2]

    @property
    def install(self) -> str:
        """The command that installs it."""
        return f"{INSTALL[self.registry]} {self.package_name}"

    def worker_table(self, name: str, *, program: str, paths: Sequence[str] = ()) -> str:
        """Returns the `[worker.NAME]` with this program, as TOML."""
        lines = [
            f"[worker.{name}]",
            f"command = '''\nsh -c '{self.script.strip()}' {shlex.quote(program)}'''",
            f"model = {_text(self.model)}",
        ]
        for key, values in (("paths", paths), ("hosts", self.hosts), ("home", self.home)):
            if values:
                lines.append(f"{key} = [{', '.join(map(_text, values))}]")
        for key, table in (("models", self.models), ("env", self.env)):
            if table:
                lines += ["", f"[worker.{name}.{key}]"]
                lines += [f"{_key(each)} = {_text(value)}" for each, value in table.items()]
        return "\n".join(lines) + "\n"


@cache
def known_agents() -> Mapping[str, KnownAgent]:
    """Returns all rows by the name of their worker, in the order of the table."""
    text = (files("agentproxy.workers.known") / "agents.toml").read_text()
    rows = tomllib.loads(text)
    return {name: KnownAgent.model_validate(row) for name, row in rows.items()}


def kept_apart() -> Mapping[str, str]:
    """Returns patterns of names that agents keep for themselves in the tree, and whose they are."""
    return {name: agent.title for agent in known_agents().values() for name in agent.keeps}


def _key(name: str) -> str:
    return name if re.fullmatch(r"[A-Za-z0-9_-]+", name) else _text(name)


def _text(value: str) -> str:
    # A text of JSON is a text of TOML too.
    return json.dumps(value, ensure_ascii=False)
