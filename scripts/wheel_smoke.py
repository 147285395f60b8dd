"""What an installed wheel must be able to do by itself; check_wheel runs it in each environment.

Prompts and skills are package data, which a wheel may lack although the checkout has them.
"""

from pathlib import Path

from agentproxy.agent.parts import instructions
from agentproxy.conversation.prompts import BUNDLED, Listings, bundled_preset, system_prompt
from agentproxy.events.run import ChatOrder, ChildOrder
from agentproxy.supervisor.llm.structured_reply import prompt_text
from agentproxy.tools.skills.library import SkillLibrary

assert instructions()
assert all(map(prompt_text, ("plan", "answer", "judge", "steer", "data")))
assert "docx-writer" in SkillLibrary(Path("/none")).all()
for preset in BUNDLED:
    order = ChatOrder(model="m", workspace="/w", preset=preset)
    listed = Listings(preset=bundled_preset(preset).text)
    assert "/w" in system_prompt(order, plan_mode=False, listed=listed)
for role, name in (("subagent", "code"), ("teammate", "ada")):
    child = ChildOrder.model_validate(
        {"model": "m", "workspace": "/w", "root": "r", "role": role, "name": name, "task": "t"}
    )
    assert "/w" in system_prompt(child, plan_mode=False, listed=Listings())
