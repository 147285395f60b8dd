"""A program that is there and that a check does not see: a line names its environment."""

from pathlib import Path

import pytest
from support.repositories import write

from agentproxy.events.check import CannotRun, CheckResult
from agentproxy.evidence.obstacles.unseen_programs import find_unseen_program


def missing(subject: str) -> CheckResult:
    reason = CannotRun(kind="missing_command", subject=subject, text=f"is missing: {subject}")
    return CheckResult(exit_code=2, ending="exited", seconds=1.0, cannot_run=reason)


def found(
    tmp_path: Path, subject: str, *, at_base: bool = True, base: tuple[CheckResult, ...] = ()
) -> CannotRun | None:
    return find_unseen_program(
        missing(subject),
        at_base=at_base,
        base=base,
        root=tmp_path / "project",
        environ={"HOME": str(tmp_path / "user")},
    )


@pytest.mark.parametrize(
    ("program", "folder"),
    [
        ("envs/demo/bin/pytest", "envs/demo"),
        ("other/node_modules/.bin/jest", "other/node_modules"),
        ("tools/checker", "tools"),
        ("user/x", ""),
        ("user/.ssh/id", ""),
        ("project/check.sh", ""),
        ("kept/bin/x", ""),
    ],
)
def test_the_line_names_the_environment_of_the_program(
    tmp_path: Path, program: str, folder: str
) -> None:
    write(tmp_path, {program: "", "user/y": "", "kept/.netrc": ""})
    reason = found(tmp_path, f"{tmp_path}/{program}")
    assert (reason is not None) == bool(folder)
    if reason is not None:
        assert f'environment = ["{tmp_path}/{folder}"]' in reason.text


@pytest.mark.parametrize("program", ["absent/bin/x", "x" * 300 + "/y", "relative/bin/x"])
def test_a_program_that_is_not_there_is_only_missing(tmp_path: Path, program: str) -> None:
    assert found(tmp_path, f"{tmp_path}/{program}") is None
    assert found(tmp_path, program) is None


def test_a_claim_chooses_no_path(tmp_path: Path) -> None:
    write(tmp_path, {"envs/demo/bin/pytest": "", "private/bin/x": ""})
    named = found(tmp_path, f"{tmp_path}/envs/demo/bin/pytest")
    assert named is not None
    other = f"{tmp_path}/private/bin/x"
    assert found(tmp_path, other, at_base=False) is None
    at_base = missing("x").model_copy(update={"cannot_run": named})
    assert found(tmp_path, other, at_base=False, base=(at_base,)) == named
