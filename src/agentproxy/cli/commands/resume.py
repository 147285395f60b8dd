"""`pa resume`: go on with a run from its journal."""

from pathlib import Path

import click

from agentproxy.app.context import App
from agentproxy.app.journal import Lease
from agentproxy.cli.options import Dollars, Duration, output_option, run_argument
from agentproxy.events.envelope import RunId


@click.command("resume")
@run_argument
@click.option("--max-time", type=Duration(), help="Allow the worker this much time in all.")
@click.option("--budget", type=Dollars(), help="Allow models to cost so many US dollars in all.")
@output_option
def command(run: str, max_time: float | None, budget: float | None, output: str | None) -> int:  # noqa: PLR0917 # click calls it by name
    """Go on with a run: after an answer, a raised ceiling, Ctrl+C, a crash or a reboot.

    \b
    Examples:
      pa resume                      the newest run of this repository
      pa resume k7f2 --max-time 2h   after its time was up
      pa resume k7f2 --budget 5      after its money was spent
    """
    from agentproxy.app.run_ownership import acquire_run
    from agentproxy.cli.run_lookup import with_run
    from agentproxy.cli.run_terminal import drive
    from agentproxy.events.commands import RaiseCeiling

    number, directory, home = with_run(run, _place)

    async def resume_run(app: App) -> Lease:
        if max_time is not None or budget is not None:
            await app.journal.submit(number, RaiseCeiling(max_time=max_time, budget=budget))
        return await acquire_run(app, number)

    return drive(resume_run, directory=directory, output=output, home=home)


async def _place(app: App, run: RunId) -> tuple[RunId, Path, Path]:
    """The run, the directory that it was ordered in, and the home that it is kept in."""
    from agentproxy.supervisor.effects import SUPERVISED

    order = SUPERVISED.replay(await app.journal.read(run, limit=1)).require_order()
    return run, Path(order.repository, order.directory), app.settings.home
