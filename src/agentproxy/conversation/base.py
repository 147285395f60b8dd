"""The face of a conversation. `face` says what is due; `folds` how facts change its state."""

from typing import TYPE_CHECKING

from agentproxy.agent.face import AGENT
from agentproxy.conversation.state import Chat
from agentproxy.engine.face import Face

if TYPE_CHECKING:
    from agentproxy.conversation.parts import ChatParts

CHAT: "Face[Chat, ChatParts]" = Face(Chat, actor="agent")
CHAT.include(AGENT)
TURN = 1  # the one stage of a conversation
