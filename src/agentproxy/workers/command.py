"""Any program as a worker: it reads the brief on stdin, and claims with exit code 0."""

from collections.abc import Sequence

from agentproxy.events.work import WorkerEnded
from agentproxy.workers.launcher import LaunchEnded, Launcher
from agentproxy.workers.port import Brief, WorkerCallbacks


class CommandWorker:
    """Runs a command line in the sandbox, in the worker's own clone, once a round."""

    def __init__(self, name: str, launcher: Launcher) -> None:
        self._name = name
        self._launcher = launcher

    @property
    def name(self) -> str:
        return self._name

    @property
    def claims_by(self) -> str:
        return "end with exit code 0"

    @property
    def goes_on_from_facts(self) -> bool:
        return False

    @property
    def opens_session(self) -> bool:
        return False

    def grants(self) -> Sequence[str]:
        return self._launcher.grants.in_words()

    async def message(self, text: str, *, key: str) -> bool:
        # A command reads only its brief, so the next brief carries the message.
        del text, key
        return False

    async def work(self, brief: Brief, callbacks: WorkerCallbacks) -> WorkerEnded:
        launched = await self._launcher.run(brief, callbacks, stdin=brief.text.encode())
        return _outcome(launched, brief.round)


def _outcome(launched: LaunchEnded, number: int) -> WorkerEnded:
    ended = launched.ended
    out_of_time = ended.ending == "timed_out"
    if out_of_time:
        reason = "its time was up"
    elif ended.killed:
        reason = "it printed too much and was stopped"
    elif ended.exit_code == 0:
        reason = "it ended with exit code 0, which claims done"
    else:
        reason = f"it ended with exit code {ended.exit_code}, without a claim"
    return WorkerEnded(
        round=number,
        claims=ended.exit_code == 0 and not ended.killed,
        reason=reason,
        exit_code=ended.exit_code,
        seconds=ended.seconds,
        output=ended.output,
        out_of_time=out_of_time,
        out_of_money=launched.out_of_money,
    )
