"""The output that the settings choose, for a command that failed."""

from collections.abc import Mapping, Sequence

from agentproxy.cli.command_words import DIRECTORY, SHORT_DIRECTORY, value_of
from agentproxy.cli.failure import Failure
from agentproxy.cli.workdir import chosen


def configured_output(args: Sequence[str], environ: Mapping[str, str]) -> str:
    """Returns what the environment, `.env` or `[defaults]` choose, or "".

    Never raises: what cannot be read chooses nothing, since something has failed already.
    """
    if written := environ.get("AGENTPROXY_OUTPUT", ""):
        return written
    from agentproxy.app.context import read_settings, read_user
    from agentproxy.config.mistakes import ConfigError

    try:
        directory = chosen(value_of(args, DIRECTORY, SHORT_DIRECTORY))
        return read_settings(environ, directory, read_user()).output or ""
    except (ConfigError, Failure, OSError):
        return ""
