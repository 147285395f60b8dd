"""`pa apply`."""

import json
from typing import TYPE_CHECKING

import click

from agentproxy.app.context import App
from agentproxy.cli.options import output_option, run_argument
from agentproxy.cli.strict_command import StrictCommand
from agentproxy.events.envelope import RunId

if TYPE_CHECKING:  # loaded when the command runs
    from collections.abc import Sequence

    from agentproxy.workspace.trees.apply import Applied, Conflicts


@click.command("apply", cls=StrictCommand)
@run_argument
@output_option
def command(run: str, output: str | None) -> int:
    """Merge a run's last claim into your working tree, three-way and without a commit.

    It merges everything or nothing: a conflict changes nothing and ends with exit code 1.

    \b
    Examples:
      pa apply           merge the newest run of this repository
      pa apply k7f2
    """
    from agentproxy.cli.run_lookup import with_run

    async def look(app: App, meant: RunId) -> int:
        return await _apply(app, meant, as_json=output == "json")

    return with_run(run, look)


async def _apply(app: App, run: RunId, *, as_json: bool) -> int:
    from pathlib import Path

    from agentproxy.cli.failure import DIFFERENCE, Failure
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
    if as_json:
        click.echo(_line(outcome, run=run, claim=number, verdict=verdict))
    elif isinstance(outcome, Conflicts):
        _tell(f"nothing was changed: {outcome.reason}:", *_indented(outcome.paths), err=True)
    elif outcome.already:
        _tell("your working tree has this claim already: nothing to do")
    else:
        end = f"applied claim {number} of run {run} (verdict: {verdict}); nothing is committed"
        _tell(*_indented(outcome.changed), end)
    return DIFFERENCE if isinstance(outcome, Conflicts) else 0


def _line(outcome: "Applied | Conflicts", **about: object) -> str:
    from agentproxy.workspace.trees.apply import Conflicts

    found: dict[str, object]
    if isinstance(outcome, Conflicts):
        found = {"status": "conflict", "paths": outcome.paths, "reason": outcome.reason}
    else:
        found = {"status": "already" if outcome.already else "applied", "paths": outcome.changed}
    return json.dumps({**about, **found})


def _indented(paths: "Sequence[str]") -> list[str]:
    return [f"  {path}" for path in paths]


def _tell(*lines: str, err: bool = False) -> None:
    from agentproxy.cli.cleaning import clean

    for line in lines:
        click.echo(clean(line), err=err)
