"""What an installed wheel must be able to do by itself; check_wheel runs it in each environment.

Prompts and skills are package data, which a wheel may lack although the checkout has them.
"""

from pathlib import Path

from agentproxy.agent.parts import instructions
from agentproxy.conversation.prompts import BUNDLED, system_prompt
from agentproxy.events.run import ChatOrder
from agentproxy.supervisor.llm.structured_reply import prompt_text
from agentproxy.tools.skills.library import SkillLibrary

assert instructions()
assert all(map(prompt_text, ("plan", "answer", "judge", "steer", "data")))
assert "docx-writer" in SkillLibrary(Path("/none")).all()
for preset in BUNDLED:
    order = ChatOrder(model="m", workspace="/w", preset=preset)
    assert "/w" in system_prompt(order, plan_mode=False, skills="")
