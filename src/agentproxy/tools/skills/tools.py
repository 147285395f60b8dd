"""list_skills and read_skill: instructions for certain kinds of work, loaded when needed."""

import asyncio

from agentproxy.models.port import ToolSpec
from agentproxy.tools.port import (
    Arguments,
    Bench,
    Permission,
    ToolOutcome,
    failure,
    schema,
    text_of,
)
from agentproxy.tools.skills.library import BUNDLED, Skill, SkillLibrary
from agentproxy.workspace.environment.job_layout import JobLayout

BUNDLED_FOLDER = "skills"
OWN_FOLDER = "own-skills"
END = "</skill-loaded>"


class ListSkills:
    """Names the skills and what they are for."""

    spec = ToolSpec(
        "list_skills", "List the skills: their names and what they are for.", schema({})
    )

    def __init__(self, library: SkillLibrary) -> None:
        self._library = library

    def permission(self, arguments: Arguments) -> Permission:
        del arguments
        return Permission()

    async def run(self, arguments: Arguments, bench: Bench) -> ToolOutcome:
        del arguments, bench
        return ToolOutcome(await asyncio.to_thread(self._library.listing) or "No skills.")


class ReadSkill:
    """Returns the instructions of one skill."""

    spec = ToolSpec(
        "read_skill",
        "Load the instructions of a skill. Do so before you begin work that it is for.",
        schema({"skill": "the name of the skill"}),
    )

    def __init__(self, library: SkillLibrary) -> None:
        self._library = library

    def permission(self, arguments: Arguments) -> Permission:
        text_of(arguments, "skill")
        return Permission()

    async def run(self, arguments: Arguments, bench: Bench) -> ToolOutcome:
        name = text_of(arguments, "skill")
        known = await asyncio.to_thread(self._library.all)
        skill = known.get(name)
        if skill is None:
            return failure(f"Unknown skill '{name}'. Available: {', '.join(known)}")
        return ToolOutcome(_loaded(skill, bench.place))


def show_skills(place: JobLayout, library: SkillLibrary) -> JobLayout:
    """Adds the folders of the skills to a layout: commands can read them and not change them."""
    place = place.with_folder(BUNDLED_FOLDER, BUNDLED, mode="ro")
    if library.own.is_dir():
        place = place.with_folder(OWN_FOLDER, library.own.resolve(), mode="ro")
    return place


def _loaded(skill: Skill, place: JobLayout) -> str:
    top = place.inside(BUNDLED_FOLDER if skill.root == BUNDLED else OWN_FOLDER)
    folder = f"{top}/{skill.folder}"
    body = skill.body.replace("{skill}", folder).replace(END, "").strip()
    files = "".join(f"\n- {folder}/{path}" for path in skill.files)
    more = f"\n\nFiles of this skill, for commands to read or run:{files}" if files else ""
    return (
        f'<skill-loaded name="{skill.name}">\n# Skill: {skill.name}\n\n{body}{more}\n{END}\n\n'
        "Follow the instructions in the skill above to complete the user's task."
    )
