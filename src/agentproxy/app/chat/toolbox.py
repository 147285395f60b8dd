"""The tools of a conversation."""

from agentproxy.tools.registry import Registry, talking_tools
from agentproxy.tools.skills.library import SkillLibrary
from agentproxy.tools.skills.tools import ListSkills, ReadSkill


def chat_tools(skills: SkillLibrary) -> Registry:
    """Returns the tools that every conversation has."""
    return talking_tools().plus(ListSkills(skills), ReadSkill(skills))
