"""`pa show`."""

import click

from agentproxy.app.context import App
from agentproxy.cli.options import output_option, run_argument
from agentproxy.cli.strict_command import StrictCommand
from agentproxy.events.envelope import RunId


@click.command("show", cls=StrictCommand)
@run_argument
@click.option(
    "-f", "--follow", is_flag=True, help="Keep showing events until the run parks or ends."
)
@output_option
def command(run: str, *, follow: bool, output: str | None) -> int:
    """Show the events of a run, and then its state.

    \b
    Examples:
      pa show               show the newest run of this repository
      pa show k7 --follow   follow the run whose number begins with k7
    """
    from agentproxy.cli.run_lookup import with_run

    async def look(app: App, number: RunId) -> int:
        return await _show(app, number, follow=follow, output=output)

    return with_run(run, look)


async def _show(app: App, run: RunId, *, follow: bool, output: str | None) -> int:
    from agentproxy.app.outcome import outcome_of
    from agentproxy.app.queries import follow_live, is_live
    from agentproxy.cli.screens.opening import open_screen
    from agentproxy.supervisor.effects import SUPERVISED

    screen = open_screen("json" if output == "json" else "plain")
    events = list(await app.journal.read(run))
    for event in events:
        screen.event(event)
    if follow and await is_live(app, run):
        async for event in follow_live(app, run, after=events[-1].seq):
            events.append(event)
            screen.event(event)
    state = SUPERVISED.replay(events)
    if not await is_live(app, run):
        screen.result(await outcome_of(run, state, seconds=events[-1].time - events[0].time))
    screen.close()
    return 0
