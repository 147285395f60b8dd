"""What only others call, or what a port promises before anybody asks; vulture is told here."""

from agentproxy.cli.commands.run import TaskCommand
from agentproxy.cli.main import PaGroup
from agentproxy.cli.options import Dollars, Duration
from agentproxy.config.settings import Settings
from agentproxy.evidence.discovery import discover
from agentproxy.journal.memory import MemoryJournal
from agentproxy.models.prices import cost_usd

# click calls these
PaGroup.list_commands
PaGroup.format_options
PaGroup.format_epilog
Duration.convert
Dollars.convert
TaskCommand.context_class
# pydantic calls this
Settings.settings_customise_sources
# the twin of the journal, and the short form of a function: tests use them
MemoryJournal
discover
# a documented function
cost_usd
# fields that models and adapters to come are read by
Settings.addresses
