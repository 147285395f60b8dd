"""`pa evidence`: what was run and seen; does it hold together; does it come out the same again."""

import click

from agentproxy.app.house import House
from agentproxy.cli.options import output_option, run_argument
from agentproxy.events.envelope import RunId


@click.command("evidence")
@run_argument
@click.option("--round", "number", type=click.IntRange(min=1), help="Which round. Default: last.")
@click.option("--verify", is_flag=True, help="Recompute the chain; compare journal and trees.")
@click.option("--rerun", is_flag=True, help="Run the checks again on the recorded trees.")
@output_option
def command(run: str, *, number: int | None, verify: bool, rerun: bool, output: str | None) -> int:
    """Show the evidence of a run. --verify and --rerun end with 1 when something differs.

    \b
    Examples:
      pa evidence                    the newest run of this repository
      pa evidence k7f2 --verify      nothing was changed since
      pa evidence k7f2 --rerun       the same outcomes today
      pa evidence --output json      the bundle as it is stored
    """
    from agentproxy.cli.looking import with_run

    async def look(house: House, meant: RunId) -> int:
        if verify:
            return await _verify(house, meant)
        if rerun:
            return await _rerun(house, meant, number)
        return await _show(house, meant, number, output=output)

    return with_run(run, look)


async def _verify(house: House, run: RunId) -> int:
    from agentproxy.app.evidence import verify

    good, bad = await verify(house, run)
    for line in good:
        click.echo(click.style(f"✓ {line}", fg="green"))
    for line in bad:
        click.echo(click.style(f"✗ {line}", fg="red"))
    if not good and not bad:
        click.echo("nothing was judged yet")
    return 1 if bad else 0


async def _rerun(house: House, run: RunId, number: int | None) -> int:
    from agentproxy.app.evidence import Rerun, find_evidence, rerun

    def tell(result: Rerun) -> None:
        mark, colour = ("✓", "green") if result.same else ("✗", "red")
        text = "the same" if result.same else f"differs: {result.differs}"
        click.echo(click.style(f"{mark} {result.check} on {result.on}: {text}", fg=colour))

    evidence = await find_evidence(house, run, round=number)
    results = await rerun(house, run, evidence.bundle, tell=tell)
    return 0 if all(result.same for result in results) else 1


async def _show(house: House, run: RunId, number: int | None, *, output: str | None) -> int:
    from agentproxy.app.evidence import find_evidence
    from agentproxy.cli.screens.port import clean
    from agentproxy.cli.words import outcome

    evidence = await find_evidence(house, run, round=number)
    bundle = evidence.bundle
    if output == "json":
        click.echo(bundle.model_dump_json())
        return 0
    click.echo(f"{bundle.verdict}: {clean(bundle.reason)}")
    click.echo(f"run {run}, round {bundle.round} of {len(evidence.rounds)}, {bundle.sandbox}")
    click.echo(f"base  {bundle.base_commit[:12]}  tree {bundle.base_tree[:12]}")
    click.echo(f"claim {bundle.claim_commit[:12]}  tree {bundle.claim_tree[:12]}")
    for entry in bundle.entries:
        click.echo(f"  {entry.check.command}  on {entry.on}: {clean(outcome(entry.result))}")
    for check in bundle.checks:
        click.echo(f"  {check.finding}: {clean(check.check)}: {clean(check.reason)}")
    click.echo(f"sha256 {evidence.digest}")
    return 0
