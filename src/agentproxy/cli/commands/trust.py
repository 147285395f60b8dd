"""`pa trust`: this repository's configuration counts whole, as it is now."""

import os

import click


@click.command("trust")
@click.option("--revoke", is_flag=True, help="Trust it no longer.")
def command(*, revoke: bool) -> int:
    """Trust agentproxy.toml and .env of this repository, bound to what they say now.

    Until then a repository's files give checks and keys only: workers, sandbox, network, variables,
    prepare, carry and environment folders in them do not count. A changed file is not trusted.

    \b
    Examples:
      pa trust
      pa trust --revoke
    """
    from agentproxy.app.trusting import change_trust
    from agentproxy.cli.cleaning import clean
    from agentproxy.cli.faults import as_failures
    from agentproxy.cli.workdir import current_folder

    with as_failures():
        changes = change_trust(current_folder(), os.environ, revoke=revoke)
    for path, what in changes:
        click.echo(f"{what}: {clean(path)}")
    if not changes:
        click.echo("there is no agentproxy.toml and no .env here: nothing to trust")
    return 0
