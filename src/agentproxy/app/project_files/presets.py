"""The presets of conversations: those of the product, and those of one folder, which win."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from agentproxy.config.mistakes import ConfigError
from agentproxy.conversation.prompts import BUNDLED, Preset, bundled_preset
from agentproxy.files.safe_files import BadPath, SafeDir
from agentproxy.text.front_matter import split_front_matter
from agentproxy.text.unseen import visible

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")
FILE = "PROMPT.md"
MAX_PRESETS = 200
MAX_PROMPT_BYTES = 256 << 10
MAX_DESCRIPTION = 500  # characters


class UnknownPreset(ConfigError):
    """No preset has the name."""


class PresetLibrary:
    """A preset is a folder with a PROMPT.md: its name and description, then the system prompt."""

    def __init__(self, own: Path) -> None:
        self._own = own

    def all(self) -> Mapping[str, Preset]:
        """Returns the presets by their names, in order. Blocking. Never raises."""
        found = {name: bundled_preset(name) for name in BUNDLED}
        found |= {each.name: each for each in _presets(self._own)}
        return dict(sorted(found.items()))

    def require(self, name: str) -> None:
        """Raises UnknownPreset."""
        known = self.all()
        if name not in known:
            cure = f"give one of: {', '.join(known)}"
            raise UnknownPreset("unknown", where=f"the preset {name[:64]!r}", cure=cure)

    def text_of(self, name: str) -> str:
        """Returns the prompt of a preset; the first of ours where its folder is gone."""
        return self.all().get(name, bundled_preset(BUNDLED[0])).text


def _presets(folder: Path) -> Iterator[Preset]:
    try:
        # A link could lead to files that nobody meant as a prompt.
        with SafeDir(folder, links=False) as root:
            for name, kind in root.entries(".", most=10 * MAX_PRESETS)[:MAX_PRESETS]:
                if kind == "folder" and (preset := _preset(root, name)):
                    yield preset
    except (BadPath, OSError):
        return


def _preset(root: SafeDir, folder: str) -> Preset | None:
    try:
        data = root.read(f"{folder}/{FILE}", limit=MAX_PROMPT_BYTES)
    except (BadPath, OSError):
        return None
    values, text = split_front_matter(data.decode(errors="replace"))
    name = values.get("name", "")
    name = name if NAME.fullmatch(name) else folder
    if not NAME.fullmatch(name) or not text.strip():
        return None
    description = " ".join(values.get("description", "").split())
    return Preset(name, visible(description)[:MAX_DESCRIPTION], visible(text))
