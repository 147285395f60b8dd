"""`pa doctor`."""

import json
from dataclasses import asdict

import click

from agentproxy.cli.options import output_option


@click.command("doctor")
@output_option
def command(output: str | None) -> int:
    """Check this machine; ends with exit code 6 when no run can start here.

    \b
    Examples:
      pa doctor
      pa doctor --output json
    """
    from agentproxy.app.doctor import examine
    from agentproxy.cli.cleaning import clean
    from agentproxy.cli.run_lookup import with_project

    findings = with_project(examine)
    if output == "json":
        for finding in findings:
            click.echo(json.dumps(asdict(finding)))
    else:
        for finding in findings:
            mark, colour = {True: ("✓", "green"), False: ("✗", "red")}[finding.works]
            if not finding.works and not finding.needed:
                mark, colour = "·", "yellow"
            line = f"{mark} {finding.what}: {clean(finding.detail)}"
            click.echo(click.style(line, fg=colour))
            if finding.cure:
                click.echo(f"    {clean(finding.cure)}")
    return 6 if any(finding.needed and not finding.works for finding in findings) else 0
