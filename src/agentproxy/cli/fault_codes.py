"""The exit codes of the errors of the layers below."""

from agentproxy.app.context import HomeUnusable
from agentproxy.app.evidence import NoSuchRound, NothingJudged
from agentproxy.app.holders import StillOwned
from agentproxy.app.init_project import NotStarted
from agentproxy.app.journal import Fenced, JournalError, LeaseTaken, UnknownRun
from agentproxy.app.queries import NoSuchRun
from agentproxy.app.screenshots import ScreenshotUnusable
from agentproxy.app.shell_check import NotShell
from agentproxy.app.utf8_check import NotText
from agentproxy.cli.failure import DIFFERENCE, INFRASTRUCTURE, UNPROVEN, USAGE
from agentproxy.evidence.bundle import BundleUnusable
from agentproxy.files.file_transaction import NotUndone
from agentproxy.workers.port import WorkerError
from agentproxy.workspace.git.command import GitError
from agentproxy.workspace.git.repository import RepositoryUnusable
from agentproxy.workspace.sandbox.port import SandboxError
from agentproxy.workspace.trees.apply import NotApplied

ELSEWHERE = "watch it with pa show --follow RUN, or end it with pa stop RUN"
OWNED = (StillOwned, LeaseTaken, Fenced)
# A subclass comes before its base: the first match counts.
CODES: dict[tuple[type[Exception], ...], int] = {
    OWNED: USAGE,
    (RepositoryUnusable, NoSuchRun, UnknownRun): USAGE,
    (ScreenshotUnusable, NotStarted, NotText, NotShell): USAGE,
    (HomeUnusable, WorkerError, SandboxError, JournalError): INFRASTRUCTURE,
    (NothingJudged,): UNPROVEN,
    (NoSuchRound,): USAGE,
    (BundleUnusable,): DIFFERENCE,
    (GitError, NotApplied, NotUndone): INFRASTRUCTURE,
}
