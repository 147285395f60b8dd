"""`pa apply`."""

import click

from agentproxy.app.context import App
from agentproxy.cli.options import run_argument
from agentproxy.events.envelope import RunId


@click.command("apply")
@run_argument
def command(run: str) -> int:
    """Merge a run's last claim into your working tree, three-way and without a commit.

    It merges everything or nothing: a conflict changes nothing and ends with exit code 1.

    \b
    Examples:
      pa apply           merge the newest run of this repository
      pa apply k7f2
    """
    from agentproxy.cli.run_lookup import with_run

    return with_run(run, _apply)


async def _apply(app: App, run: RunId) -> int:
    from pathlib import Path

    from agentproxy.cli.cleaning import clean
    from agentproxy.cli.failure import Failure
    from agentproxy.supervisor.effects import SUPERVISED
    from agentproxy.workspace.trees.apply import Conflicts, apply_claim

    state = SUPERVISED.replay(await app.journal.read(run))
    if not state.claims or state.base is None:
        raise Failure(f"run {run} has no claim yet", cure=f"pa resume {run}")
    number = max(state.claims)
    claim = state.claims[number]
    judged = state.judged.get(number)
    verdict = judged.verdict if judged else "unverified"
    repository = await app.repository(Path(state.require_order().repository))
    outcome = await apply_claim(
        repository, run, base_commit=state.base.commit, claim_commit=claim.commit
    )
    if isinstance(outcome, Conflicts):
        click.echo(f"nothing was changed: {clean(outcome.reason)}:", err=True)
        for path in outcome.paths:
            click.echo(f"  {clean(path)}", err=True)
        return 1
    if outcome.already:
        click.echo("your working tree has this claim already: nothing to do")
        return 0
    for path in outcome.changed:
        click.echo(f"  {clean(path)}")
    click.echo(f"applied claim {number} of run {run} (verdict: {verdict}); nothing is committed")
    return 0
