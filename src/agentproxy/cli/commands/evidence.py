"""`pa evidence`."""

import json
from dataclasses import asdict

import click

from agentproxy.app.context import App
from agentproxy.cli.cleaning import clean
from agentproxy.cli.failure import DIFFERENCE
from agentproxy.cli.options import WholeNumber, output_option, run_argument
from agentproxy.cli.strict_command import StrictCommand
from agentproxy.events.envelope import RunId


@click.command("evidence", cls=StrictCommand)
@run_argument
@click.option(
    "--round", "number", type=WholeNumber(min=1), help="Number of the round. Default: the last."
)
@click.option(
    "--verify", is_flag=True, help="Recompute the hash chain; compare the journal and the trees."
)
@click.option("--rerun", is_flag=True, help="Run the checks again on the recorded trees.")
@output_option
def command(run: str, *, number: int | None, verify: bool, rerun: bool, output: str | None) -> int:
    """Show the evidence of a run.

    Exit code 1: something differs. Exit code 3: no round was judged yet.

    \b
    Examples:
      pa evidence                    show the newest run of this repository
      pa evidence k7f2 --verify      check that nothing was changed since
      pa evidence k7f2 --rerun       check that the checks give the same outcomes today
      pa evidence --output json      print the stored bundle; with --verify or --rerun,
                                     one JSON object per line, the result last
    """
    from agentproxy.cli.run_lookup import with_run

    if verify and rerun:
        raise click.UsageError("--verify and --rerun cannot be combined: run them one by one")
    if verify and number is not None:
        raise click.UsageError("--verify checks every round: leave --round out")

    async def look(app: App, meant: RunId) -> int:
        if verify:
            return await _verify(app, meant, output=output)
        if rerun:
            return await _rerun(app, meant, number, output=output)
        return await _show(app, meant, number, output=output)

    return with_run(run, look)


async def _verify(app: App, run: RunId, *, output: str | None) -> int:
    from agentproxy.app.evidence import verify

    rounds = await verify(app, run)
    for each in rounds:
        head = f"round {each.round}"
        if output == "json":
            _line("round", asdict(each))
        elif each.faults:
            _marked(*(f"{head}: {fault}" for fault in each.faults), good=False)
        else:
            _marked(f"{head}: {each.results} results, sha256 {each.sha256}", good=True)
    return _ended(run, same=not any(each.faults for each in rounds), output=output)


async def _rerun(app: App, run: RunId, number: int | None, *, output: str | None) -> int:
    from agentproxy.app.evidence import Rerun, find_evidence, rerun

    def tell(result: Rerun) -> None:
        if output == "json":
            _line("check", asdict(result))
        else:
            text = "the same" if result.same else f"differs: {result.differs}"
            _marked(f"{result.check} on {result.on}: {text}", good=result.same)

    evidence = await find_evidence(app, run, round=number)
    results = await rerun(app, run, evidence.bundle, tell=tell)
    return _ended(run, same=all(result.same for result in results), output=output)


def _marked(*lines: str, good: bool) -> None:
    mark, colour = ("✓", "green") if good else ("✗", "red")
    for line in lines:
        click.echo(click.style(f"{mark} {clean(line)}", fg=colour))


def _line(kind: str, data: dict[str, object]) -> None:
    click.echo(json.dumps({"kind": kind, **data}))


def _ended(run: RunId, *, same: bool, output: str | None) -> int:
    code = 0 if same else DIFFERENCE
    if output == "json":
        _line("result", {"run": run, "same": same, "exit_code": code})
    return code


async def _show(app: App, run: RunId, number: int | None, *, output: str | None) -> int:
    from agentproxy.app.evidence import find_evidence
    from agentproxy.app.show.proof import outcome
    from agentproxy.evidence.bundle import canonical

    evidence = await find_evidence(app, run, round=number)
    bundle = evidence.bundle
    if output == "json":
        click.echo(canonical(bundle))
        return 0
    lines = (
        f"{bundle.verdict}: {bundle.reason}",
        f"run {run}, round {bundle.round} of {len(evidence.rounds)}, {bundle.sandbox}",
        f"base  {bundle.base_commit[:12]}  tree {bundle.base_tree[:12]}",
        f"claim {bundle.claim_commit[:12]}  tree {bundle.claim_tree[:12]}",
        *(
            f"  {each.check.command}  on {each.on}: {outcome(each.result)}"
            for each in bundle.entries
        ),
        *(f"  {each.finding}: {each.check}: {each.reason}" for each in bundle.checks),
        f"sha256 {evidence.digest}",
    )
    for line in lines:
        click.echo(clean(line))
    return 0
