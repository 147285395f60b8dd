"""What only others call, or what a port promises before anybody asks; vulture is told here."""

from agentproxy.cli.chat.remote import _NoRedirects
from agentproxy.cli.commands.run import TaskCommand
from agentproxy.cli.options import Dollars, Duration
from agentproxy.cli.root import PaGroup
from agentproxy.config.settings import Settings
from agentproxy.evidence.discovery import discover
from agentproxy.journal.memory import MemoryJournal
from agentproxy.models.exchanges import AsyncioTransport
from agentproxy.models.network import AsyncioBackend, _Link
from agentproxy.models.prices import cost_usd
from agentproxy.models.scripted import ScriptedModel
from agentproxy.server.chat.records import ShownChat, ShownMessage, WaitingMessage
from agentproxy.server.promised import Mistake
from agentproxy.server.routes.auth import Me
from agentproxy.server.routes.conversations import ListedChat
from agentproxy.server.routes.health import Health, ShownConfig
from agentproxy.server.routes.workspace import Preview, Uploaded
from agentproxy.server.serve import _Server
from agentproxy.server.tasks.session_bodies import ListedSession, Sessions
from agentproxy.workers.claude.transport import PipeTransport
from agentproxy.workspace.sandbox.port import OutputStream

# click calls these
PaGroup.list_commands
PaGroup.get_command
PaGroup.format_help
Duration.convert
Dollars.convert
TaskCommand.context_class
# asyncio and the HTTP library call these
_Link.get_buffer
_Link.buffer_updated
_Link.eof_received
_Link.pause_writing
AsyncioBackend.connect_tcp
AsyncioTransport.handle_async_request
# JSON shows these
Health.healthy
Health.unusable_tools
Health.active_sessions
Health.agents
ShownConfig.key_required
ShownConfig.default_worker
Sessions.sessions
ListedSession.updated_at
ListedChat.created_at
ListedChat.message_count
ShownMessage.created_at
ShownChat.created_at
ShownChat.enable_teams
ShownChat.enable_tracing
ShownChat.enable_approval
ShownChat.enable_plan_mode
ShownChat.enable_thinking
ShownChat.total_input_tokens
ShownChat.total_output_tokens
WaitingMessage.message_id
Me.authenticated
Mistake.loc
Mistake.msg
Preview.binary
Uploaded.uploaded
# urllib calls this
_NoRedirects.redirect_request
# uvicorn calls this
_Server.capture_signals
# the twin of the journal, the short form of a function, what is left of a script: tests use them
MemoryJournal
ScriptedModel.unused
discover
# a documented function
cost_usd
# a field that models to come are read by
Settings.addresses
# what workers that speak a protocol read by
OutputStream.read_line
# the SDK of Claude Code calls these
PipeTransport.read_messages
PipeTransport.end_input
