"""What all conversations of a process share."""

import asyncio
from contextlib import suppress
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

from agentproxy.app.chat.bench import ToolPlaces
from agentproxy.app.chat.toolbox import ToolPorts
from agentproxy.app.chat.workspaces import Workspaces
from agentproxy.app.context import App, Project
from agentproxy.app.mcp.servers import McpServers
from agentproxy.app.models import address_of
from agentproxy.app.project_files.memory_file import MemoryFile
from agentproxy.app.project_files.presets import PresetLibrary, UnknownPreset
from agentproxy.config.chat import ChatSettings
from agentproxy.conversation.safe_tools import SAFE_TOOLS
from agentproxy.events.run import AgentOrder
from agentproxy.models.deferred import SharedLines
from agentproxy.models.names import UnknownModel
from agentproxy.models.port import ModelRefused
from agentproxy.models.prices import cost_usd
from agentproxy.tools.custom.packages import PackagedTools
from agentproxy.tools.skills.library import SkillLibrary
from agentproxy.workspace.sandbox.port import Sandbox

ANSWER_SECONDS = 600.0  # without a byte of an answer
MODELS = ("model", "subagent_model", "teammate_model", "compact_model")
DISK = "free space, or fix the permissions of the workspace"


class UnknownSetting(Exception):
    """A setting names something that is not there. `cure` says what a person can do."""

    def __init__(self, variable: str, problem: str, *, cure: str) -> None:
        super().__init__(f"{variable}: {problem}")
        self.cure = cure


@dataclass(frozen=True, slots=True)
class ChatServices:
    """What all conversations of a process share."""

    app: App
    project: Project
    settings: ChatSettings
    sandbox: Sandbox
    tools: ToolPlaces
    mcp: McpServers
    packaged: PackagedTools
    workspaces: Workspaces
    noting: asyncio.Lock = field(default_factory=asyncio.Lock)  # held while notes are made
    lines: SharedLines = field(default_factory=lambda: SharedLines(seconds=ANSWER_SECONDS))

    def load_model(self) -> None:
        """Blocking. Where the model cannot be used, its first turn tells why."""
        cost_usd(self.settings.model, 0, 0)
        with suppress(ImportError, ModelRefused):
            address = address_of(self.settings.model, self.project)
            self.lines.load(address)

    def require_named(self) -> None:
        """Blocking. Raises UnknownSetting where a setting names what there is not."""
        for name in MODELS:
            model = getattr(self.settings, name)
            if not model or model.startswith("scripted:"):
                continue
            try:
                address_of(model, self.project)
            except UnknownModel as error:
                raise UnknownSetting(name.upper(), str(error), cure=error.cure) from None
            except ModelRefused:  # without a key the first turn tells why
                continue
        try:
            self.presets.require(self.settings.default_preset)
        except UnknownPreset as error:
            text = f"{error.where} is {error.problem}"
            raise UnknownSetting("DEFAULT_PRESET", text, cure=error.cure) from None

    @property
    def ports(self) -> ToolPorts:
        """What tools that are only listed reach."""
        return ToolPorts(self.mcp, self.packaged.tools)

    @property
    def safe_tools(self) -> frozenset[str]:
        """The names of all tools that need no approval."""
        return _safe_with(self.packaged.read_only)

    @property
    def memory(self) -> MemoryFile:
        waits = self.settings.memory_review == "person"
        return MemoryFile(self.workspaces.root, self.app.redact, waits=waits)

    def remembers(self, order: AgentOrder) -> bool:
        """Returns whether notes are kept of a conversation: the journal has other projects too."""
        here = Path(order.workspace).is_relative_to(self.workspaces.root)
        return self.settings.enable_memory and here

    @property
    def presets(self) -> PresetLibrary:
        return PresetLibrary(self.project.directory / self.settings.prompts_dir)

    @property
    def skills(self) -> SkillLibrary:
        return SkillLibrary(self.project.directory / self.settings.skills_dir)


@lru_cache(maxsize=4)
def _safe_with(others: frozenset[str]) -> frozenset[str]:
    # One for all conversations: it takes 1.2 KB.
    return SAFE_TOOLS | others
