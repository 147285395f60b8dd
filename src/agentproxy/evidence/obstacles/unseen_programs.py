"""Names the environment of a program that the user has and that a check does not see."""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path

from agentproxy.events.check import CannotRun, CheckResult
from agentproxy.workspace.environment.program_places import environment_around


def find_unseen_program(
    result: CheckResult,
    *,
    at_base: bool,
    base: Iterable[CheckResult],
    root: Path,
    environ: Mapping[str, str],
) -> CannotRun | None:
    """Returns why a check misses a program that is there, if it names it by an absolute path.

    Blocking. What a claim prints is its worker's word, so only the base chooses the path.
    """
    missed = result.cannot_run
    if missed is None or missed.kind not in ("missing_command", "not_shown"):
        return None
    if not at_base:
        known = (each.cannot_run for each in base)
        return next((each for each in known if each and each.kind == "not_shown"), None)
    program = Path(missed.subject)
    folder = environment_around(program, root=root, environ=environ)
    if folder is None:
        return None
    text = (
        f"checks do not see {program}: write environment = [{json.dumps(str(folder))}] in "
        "agentproxy.toml, then run pa trust"
    )
    return CannotRun(kind="not_shown", subject=str(program), text=text)
