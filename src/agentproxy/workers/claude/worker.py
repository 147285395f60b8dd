"""Claude Code as a worker: the whole program in the sandbox, driven through the vendor's SDK."""

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from agentproxy.engine.cancellation import finish_though_cancelled
from agentproxy.engine.loading import begin_to_load, loaded
from agentproxy.events.conversation import Usage
from agentproxy.events.work import WorkerEnded
from agentproxy.workers.claude.command_line import (
    ClaudeChoices,
    answer_tokens,
    arguments,
    variables,
)
from agentproxy.workers.claude.kept_apart import KeptApart, is_possible, keep_apart
from agentproxy.workers.claude.permissions import OwnPlaces
from agentproxy.workers.claude.servers import ClaudeMcpServer, show_servers
from agentproxy.workers.launcher import Added, LaunchedProgram, LaunchEnded, Launcher
from agentproxy.workers.pausable_timeout import PausableTimeout
from agentproxy.workers.port import Brief, WorkerCallbacks, WorkerError
from agentproxy.workspace.environment.toolchains import INSIDE_HOME

if TYPE_CHECKING:
    from claude_agent_sdk import ResultMessage

    from agentproxy.workers.claude.conversation import ClaudeConversation

CONVERSATION: Final = "agentproxy.workers.claude.conversation"  # and with it the SDK
MAX_LAST_WORDS_CHARACTERS: Final = 4000
# The limit of the work pauses while a person decides; that of the process cannot.
NOT_APART: Final = "its commands can reach into Claude Code: this kernel has no Landlock"
GRACE_SECONDS: Final = 2.0  # for its last words to its own record
MAX_SHOWN_CHARACTERS: Final = 1000
NO_RESULT: Final = "it ended without a result"
NO_SESSION: Final = "No conversation found"
CURE: Final = "pa doctor shows what is installed; then pa resume"
# Nothing that it wrote can be believed then, also not that it knows its session.
NOT_UNDERSTOOD: Final = (
    "docs/agents.md names the version that was tried: install that one, or pip install -U "
    "'agentproxy[claude]'; then pa resume"
)
PROCESS_SECONDS: Final = 366 * 24 * 3600.0


class ClaudeWorker:
    """Works in its own clone, round after round in the same conversation."""

    def __init__(
        self,
        launcher: Launcher,
        *,
        choices: ClaudeChoices,
        servers: Mapping[str, ClaudeMcpServer] | None = None,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._launcher = launcher
        self._choices = choices
        self._servers = servers or {}
        self._now = now
        self._conversation: ClaudeConversation | None = None

    @property
    def name(self) -> str:
        return "claude"

    @property
    def claims_by(self) -> str:
        return "end your turn, and say in it what you did"

    @property
    def goes_on_from_facts(self) -> bool:
        return False

    @property
    def opens_session(self) -> bool:
        return True

    def grants(self) -> Sequence[str]:
        words = self._launcher.grants.in_words()
        # Said, because a command can then speak to us in the name of Claude Code.
        words = (*words, *(f"MCP server {name}" for name in self._servers))
        return words if is_possible() else (*words, NOT_APART)

    async def message(self, text: str, *, key: str) -> bool:
        conversation = self._conversation
        return conversation is not None and await conversation.tell(text, key=key)

    async def work(self, brief: Brief, callbacks: WorkerCallbacks) -> WorkerEnded:
        """Works on a round. Raises WorkerError if the program or its model does not work."""
        attempt = await self._attempt(brief, callbacks, session=brief.session)
        if attempt.lost_session:
            # The run was moved, or killed before the program had written anything.
            attempt = await self._attempt(brief, callbacks, session="")
        return attempt.ended(brief.round, before=brief.session_usd if attempt.session else 0.0)

    async def _attempt(
        self, brief: Brief, callbacks: WorkerCallbacks, *, session: str
    ) -> "_Attempt":
        # It takes a third of a second. Most of that passes while the program is made ready.
        begin_to_load(CONVERSATION)
        target, meter = self._launcher.grants.model, self._launcher.grants.meter
        model = target.address.model if target else self._choices.model
        # Without mounts there is no place for it, and without isolation it protects nothing.
        apart = (
            await asyncio.to_thread(keep_apart, brief.home)
            if brief.place.mounts and is_possible()
            else KeptApart("", ())
        )
        shown = await asyncio.to_thread(show_servers, self._servers, brief)
        added = Added(
            arguments=arguments(self._choices, model=model, session=session, servers=shown.file),
            env=variables(
                model=model,
                shell=apart.shell,
                answer_tokens=await self._answer_tokens(),
                tries=meter.retry.tries if meter else None,
            ),
            mounts=(*apart.mounts, *shown.mounts),
            seconds=PROCESS_SECONDS,
        )
        attempt = _Attempt(PausableTimeout(brief.seconds, now=self._now), session=session)
        async with self._launcher.open(brief, callbacks, added) as program:
            await self._hold(program, brief, callbacks, attempt=attempt)
        return attempt

    async def _hold(
        self,
        program: LaunchedProgram,
        brief: Brief,
        callbacks: WorkerCallbacks,
        *,
        attempt: "_Attempt",
    ) -> None:
        await loaded(CONVERSATION)
        from claude_agent_sdk import ClaudeSDKError

        from agentproxy.workers.claude.conversation import ClaudeConversation
        from agentproxy.workers.claude.transport import PipeTransport, StrangeMessage

        own = OwnPlaces(
            folders=(f"{_home(brief)}/.claude", brief.place.inside("brief")),
            readable=self._choices.directories,
            servers=frozenset(self._servers),
        )
        asks = self._choices.mode != "dontAsk"
        talk = ClaudeConversation(callbacks, attempt.limit, round=brief.round, own=own, asks=asks)
        attempt.conversation = self._conversation = talk
        transport = PipeTransport(program.stdin, program.stdout)
        try:
            async with attempt.limit:
                await talk.hold(transport, brief.text, brief.images)
        except TimeoutError:
            attempt.out_of_time = True
        except StrangeMessage as error:
            raise WorkerError(
                f"Claude Code{f' {transport.version}' if transport.version else ''} sent a message "
                f"that cannot be understood: {str(error)[:MAX_SHOWN_CHARACTERS]}",
                cure=NOT_UNDERSTOOD,
            ) from error
        except ClaudeSDKError as error:
            attempt.failed = str(error)
        finally:
            self._conversation = None
            program.stdin.close()
            ending = program.finish(GRACE_SECONDS)
            attempt.launched = await finish_though_cancelled(ending)

    async def _answer_tokens(self) -> int | None:
        grants = self._launcher.grants
        if grants.meter is None or grants.model is None:
            return None
        left, prices, name = grants.meter.budget.left(), grants.meter.prices, grants.model.name
        if left is None:
            return None
        # In a thread: the list of prices takes a third of a second to load.
        price = await asyncio.to_thread(prices.of, name, Usage(output=1000))
        return answer_tokens(left, thousand=price.usd)


@dataclass
class _Attempt:
    """How the program ended, in its own words and in ours."""

    limit: PausableTimeout
    session: str
    conversation: "ClaudeConversation | None" = None
    launched: LaunchEnded | None = None
    out_of_time: bool = False
    failed: str = ""  # what the SDK said

    @property
    def lost_session(self) -> bool:
        # What it says of its work may have the same words.
        said = f"{'' if self._claims else self._said} {self._printed} {self.failed}"
        return bool(self.session) and NO_SESSION in said

    @property
    def _claims(self) -> bool:
        result = self._result
        return result is not None and not result.is_error and not self.failed

    @property
    def _result(self) -> "ResultMessage | None":
        return self.conversation.narration.result if self.conversation else None

    @property
    def _said(self) -> str:
        result = self._result
        words = [] if result is None else [result.result or "", *(result.errors or ())]
        return "\n".join(words).strip()

    @property
    def _printed(self) -> str:
        return self.launched.ended.output.strip() if self.launched else ""

    def ended(self, number: int, *, before: float) -> WorkerEnded:
        """`before` is what its session had cost. Raises WorkerError: it does not work."""
        result = self._result
        out_of_money = self.launched is not None and self.launched.out_of_money
        claims = self._claims
        if self.out_of_time:
            reason = "its time was up"
        elif claims:
            reason = "it says that it is done"
        elif out_of_money:
            reason = "its model could not be paid"
        elif result is not None and result.subtype.startswith("error_"):
            reason = f"it stopped: {result.subtype.removeprefix('error_').replace('_', ' ')}"
        else:
            raise WorkerError(f"Claude Code: {self._why()}", cure=CURE)
        return WorkerEnded(
            round=number,
            claims=claims and not self.out_of_time,
            reason=reason,
            exit_code=self.launched.ended.exit_code if self.launched else None,
            seconds=self.limit.taken,
            output=self._said[-MAX_LAST_WORDS_CHARACTERS:],
            out_of_time=self.out_of_time,
            out_of_money=out_of_money and not claims,
            said_usd=self._said_usd(before),
        )

    def _said_usd(self, before: float) -> float | None:
        # Its total is that of the whole session, also after it was resumed.
        total = self._result.total_cost_usd if self._result else None
        return None if total is None else max(0.0, round(total - before, 6))

    def _why(self) -> str:
        words = self._said or self._printed or self.failed or NO_RESULT
        return words[-MAX_SHOWN_CHARACTERS:]


def _home(brief: Brief) -> str:
    return INSIDE_HOME if brief.place.mounts else str(brief.home)
