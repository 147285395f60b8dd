"""The supervised face: its state and the registry that the modules of `effects` fill."""

from typing import TYPE_CHECKING

from agentproxy.engine.face import Face
from agentproxy.supervisor.state import State

if TYPE_CHECKING:
    from agentproxy.supervisor.parts import Parts

SUPERVISED: "Face[State, Parts]" = Face(State, actor="supervisor")
