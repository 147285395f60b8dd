"""`pa resume`: go on with a run from its journal."""

from pathlib import Path

import click

from agentproxy.app.house import House
from agentproxy.app.journal import Lease
from agentproxy.cli.options import Dollars, Duration, output_option, run_argument


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
    from agentproxy.app.owning import take
    from agentproxy.cli.driving import drive
    from agentproxy.cli.looking import meant
    from agentproxy.events.commands import RaiseCeiling

    async def go_on(house: House) -> Lease:
        number = await meant(house, run)
        if max_time is not None or budget is not None:
            await house.journal.submit(number, RaiseCeiling(max_time=max_time, budget=budget))
        return await take(house.journal, number)

    return drive(go_on, directory=Path.cwd(), output=output)
