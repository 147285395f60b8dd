"""`pa resume`."""

from pathlib import Path

import click

from agentproxy.app.context import App
from agentproxy.app.journal import Lease
from agentproxy.cli.options import Dollars, Duration, output_option, run_argument
from agentproxy.cli.strict_command import StrictCommand
from agentproxy.events.envelope import RunId


@click.command("resume", cls=StrictCommand)
@run_argument
@click.option("--max-time", type=Duration(), help="New limit for the worker's total time.")
@click.option("--budget", type=Dollars(), help="New limit for the cost of all models.")
@output_option
def command(run: str, max_time: float | None, budget: float | None, output: str | None) -> int:  # noqa: PLR0917 # click calls it by name
    """Continue a run: after an answer, a raised limit, Ctrl+C, a crash or a reboot.

    \b
    Examples:
      pa resume                      continue the newest run of this repository
      pa resume k7f2 --max-time 2h   continue after its time was used up
      pa resume k7f2 --budget 5      continue after its money was spent
    """
    from agentproxy.app.run_ownership import acquire_run
    from agentproxy.cli.driving.drive import drive
    from agentproxy.cli.run_lookup import with_run
    from agentproxy.events.commands import RaiseCeiling

    number, directory, home = with_run(run, _place)

    async def resume_run(app: App) -> Lease:
        if max_time is not None or budget is not None:
            await app.journal.submit(number, RaiseCeiling(max_time=max_time, budget=budget))
        return await acquire_run(app, number)

    return drive(resume_run, directory=directory, output=output, home=home)


async def _place(app: App, run: RunId) -> tuple[RunId, Path, Path]:
    from agentproxy.supervisor.effects import SUPERVISED

    order = SUPERVISED.replay(await app.journal.read(run, limit=1)).require_order()
    # The settings of the run's own directory may name another home than the one it was found in.
    return run, Path(order.repository, order.directory), app.settings.home
