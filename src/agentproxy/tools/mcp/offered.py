"""The tools of a server: which can be used, and the digest that they are approved by. Pure."""

import hashlib
import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from pydantic import JsonValue

from agentproxy.text.unseen import visible

USABLE = re.compile(r"[A-Za-z0-9_-]{1,64}")  # the names that vendors take
MAX_TOOLS = 128  # of one server
MAX_DESCRIPTION = 4000  # characters
MAX_SCHEMA = 50_000  # characters of JSON


@dataclass(frozen=True, slots=True)
class OfferedTool:
    """A tool as its server describes it."""

    name: str
    description: str
    schema: dict[str, JsonValue]

    def called(self, server: str) -> str:
        """Returns the name by which a model calls it."""
        return f"mcp__{server}__{self.name}"

    @property
    def words(self) -> str:
        """Returns its description without what a person would not see when approving it."""
        return visible(self.description)[:MAX_DESCRIPTION]


def digest_of_tools(tools: Iterable[OfferedTool]) -> str:
    """Returns the digest of everything that a server says of its tools, in any order."""
    told = [(each.name, each.description, _text(each.schema)) for each in tools]
    # Schemas cannot be compared, and a name may be there twice.
    words = ", ".join(f"[{_text(name)}, {_text(about)}, {of}]" for name, about, of in sorted(told))
    return digest_of_text(f"[{words}]")


def _text(value: JsonValue) -> str:
    return json.dumps(value, sort_keys=True, ensure_ascii=True)


def digest_of_text(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def usable(
    server: str, tools: Sequence[OfferedTool]
) -> tuple[Sequence[OfferedTool], Sequence[str]]:
    """Returns the tools that a model can be offered, and why others cannot."""
    found: dict[str, OfferedTool] = {}
    left: list[str] = []
    for tool in tools:
        why = _unusable(tool, server, found)
        if why:
            left.append(f"{tool.name[:64]!a}: {why}")
        else:
            found[tool.name] = tool
    return list(found.values()), left


def _unusable(tool: OfferedTool, server: str, found: dict[str, OfferedTool]) -> str:
    if not USABLE.fullmatch(tool.called(server)):
        return "vendors do not take its name"
    if tool.name in found:
        return "its name is there twice"
    if len(found) >= MAX_TOOLS:
        return f"only {MAX_TOOLS} tools of a server are used"
    if tool.schema.get("type", "object") != "object":
        return "its arguments are no object"
    if len(json.dumps(tool.schema)) > MAX_SCHEMA:
        return "its schema is too large"
    return ""
