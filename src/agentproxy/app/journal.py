"""Re-exports the journal's names for the outer layers."""

from agentproxy.journal.port import Fenced as Fenced
from agentproxy.journal.port import Journal as Journal
from agentproxy.journal.port import JournalError as JournalError
from agentproxy.journal.port import Lease as Lease
from agentproxy.journal.port import LeaseTaken as LeaseTaken
from agentproxy.journal.port import UnknownRun as UnknownRun
