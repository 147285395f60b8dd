"""`pa doctor`."""

import json
from dataclasses import asdict, replace
from typing import TYPE_CHECKING

import click

from agentproxy.cli.failure import INFRASTRUCTURE, UNPROVEN, USAGE
from agentproxy.cli.help import TASK_OPTIONS
from agentproxy.cli.options import output_option
from agentproxy.cli.strict_command import StrictCommand

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from agentproxy.app.context import Project
    from agentproxy.app.readiness import DoctorFinding
    from agentproxy.events.envelope import Event
    from agentproxy.supervisor.state import State


@click.command("doctor", cls=StrictCommand)
@click.option("-d", "--directory", metavar="DIR", help="Try the checks of DIR once at the base.")
@click.option("--check", "checks", metavar="CMD", multiple=True, help=TASK_OPTIONS["--check CMD"])
@output_option
def command(directory: str | None, checks: tuple[str, ...], output: str | None) -> int:
    """Check this machine; ends with exit code 6 when no run can start here.

    With -d or --check, also run the project's checks once at the base, as a run would before its
    worker starts, and say what a run needs. Nothing is kept. Ends with 3 when a check cannot run.

    \b
    Examples:
      pa doctor
      pa doctor -d .
      pa doctor -d services/api --check 'pytest -q' --output json
    """
    from agentproxy.cli import workdir

    as_json = output == "json"
    if directory is None and not checks:
        return _examine(workdir.current_folder(), as_json=as_json)
    place = workdir.chosen(directory)
    workdir.refuse_home_inside(place)
    return _examine(place, as_json=as_json) or _rehearse(place, checks, as_json=as_json)


def _examine(place: "Path", *, as_json: bool) -> int:
    from agentproxy.app.doctor import examine
    from agentproxy.cli.run_lookup import with_project

    findings = with_project(examine, place)
    _print(findings, as_json=as_json)
    missing = any(finding.needed and not finding.works for finding in findings)
    return INFRASTRUCTURE if missing else 0


def _rehearse(place: "Path", checks: "Sequence[str]", *, as_json: bool) -> int:
    from agentproxy.app.readiness import describe_readiness, is_ready
    from agentproxy.app.rehearsal import rehearse_run
    from agentproxy.app.task_request import BadRequest
    from agentproxy.cli.run_lookup import with_project
    from agentproxy.text.with_cure import with_cure

    async def look(project: "Project") -> "tuple[State, list[DoctorFinding]]":
        state = await rehearse_run(project, checks, tell=_tell)
        redact = project.app.redact
        found = [replace(each, detail=redact(each.detail)) for each in describe_readiness(state)]
        return state, found

    try:
        state, findings = with_project(look, place)
    except BadRequest as error:
        said = with_cure(error.problem, error.cure)
        raise click.BadParameter(said, param_hint="--check") from None
    _print(findings, as_json=as_json)
    failed = state.lifecycle.failed
    if failed is not None:
        return USAGE if failed.fault == "usage" else INFRASTRUCTURE
    return 0 if is_ready(state) else UNPROVEN


def _tell(event: "Event") -> None:
    """Checks may take minutes, so their start is shown; on standard error, beside the findings."""
    from agentproxy.cli.cleaning import clean
    from agentproxy.events.check import CheckStarted
    from agentproxy.events.git_facts import EnvironmentBuildStarted

    fact = event.fact
    if isinstance(fact, CheckStarted):
        click.echo(f"… {clean(fact.check)} on {fact.on}", err=True)
    elif isinstance(fact, EnvironmentBuildStarted):
        click.echo(f"… environment for {fact.on}", err=True)


def _print(findings: "Sequence[DoctorFinding]", *, as_json: bool) -> None:
    from agentproxy.cli.cleaning import clean

    for finding in findings:
        if as_json:
            click.echo(json.dumps(asdict(finding)))
            continue
        mark, colour = ("✓", "green") if finding.works else ("✗", "red")
        if not finding.works and not finding.needed:
            mark, colour = "·", "yellow"
        click.echo(click.style(f"{mark} {finding.what}: {clean(finding.detail)}", fg=colour))
        for line in [finding.cure, *finding.write.splitlines()]:
            if line:
                click.echo(f"    {clean(line)}")
