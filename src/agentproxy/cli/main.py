"""Starts `pa`; prepares signals and streams before any large import."""

import gc
import os
import sys
from collections.abc import MutableMapping

from agentproxy.cli.signals import exit_at_signals, ignore_signals

# Most of what a command makes lives until its end. To look for garbage as often as Python does
# takes a tenth of the time of a short run, and as much again while Python shuts down.
OBJECTS_BETWEEN_COLLECTIONS = 100_000


def main() -> None:
    exit_at_signals()
    gc.set_threshold(OBJECTS_BETWEEN_COLLECTIONS, 20, 20)
    from agentproxy.cli.streams import open_missing_streams, run_with_streams

    open_missing_streams()
    keep_folders_of_search_path(os.environ)
    from agentproxy.cli.help import asks_for_help, help_width, print_help

    if asks_for_help(sys.argv[1:], os.environ):
        code = run_with_streams(print_help)
    else:
        code = _run(help_width())
    # A signal while Python shuts down would print a traceback.
    ignore_signals()
    gc.freeze()
    sys.exit(code)


def serve() -> None:
    """Starts `pa-server`, which is `pa serve`."""
    sys.argv[1:1] = ["serve"]
    main()


def _run(width: int) -> int:
    from agentproxy.cli.failure import guarded
    from agentproxy.cli.root import root

    root.context_settings["terminal_width"] = width
    return guarded(root, configured=_configured)


def _configured() -> str:
    # Reading the settings takes longer than a command that did not fail may wait.
    from agentproxy.cli.configured_output import configured_output

    return configured_output(sys.argv[1:], os.environ)


def keep_folders_of_search_path(environ: MutableMapping[str, str]) -> None:
    """Removes entries from PATH that are not absolute paths of folders."""
    # A relative or empty entry would find programs of the repository. An entry that is a file makes
    # the search for a missing program fail with an unexpected error.
    entries = environ.get("PATH", os.defpath).split(os.pathsep)
    kept = [entry for entry in entries if entry.startswith("/") and os.path.isdir(entry)]  # noqa: PTH112
    environ["PATH"] = os.pathsep.join(kept)
