"""How runners are asked for what they report."""

import pytest

from agentproxy.evidence.instrumentation import instrument
from agentproxy.evidence.reports.runners import NODE_PRELOAD, TREE

ANEW = '{"scripts": {"test": "cross-env NODE_OPTIONS=--experimental-vm-modules jest"}}'


@pytest.mark.parametrize(
    ("command", "package", "path"),
    [
        ("npm test", ANEW, f"{NODE_PRELOAD}/bin:/usr/bin"),
        ("NODE_OPTIONS=--no-warnings npx jest", "", f"{NODE_PRELOAD}/bin:/usr/bin"),
        ("npm test", '{"scripts": {"test": "jest"}}', None),
    ],
)
def test_our_node_is_first_where_a_script_sets_its_options_anew(
    command: str, package: str, path: str | None
) -> None:
    wanted = instrument(command, {"PATH": "/usr/bin"}, package_json=package)
    assert wanted.env.get("PATH") == path


def test_files_to_leave_out_are_told_by_their_paths_where_they_fit() -> None:
    wanted = instrument("npx jest", {}, leave_out=["b.test.js", "a b.test.js"])
    paths = f"{TREE}/a b.test.js\n{TREE}/b.test.js"
    assert wanted.env["AGENTPROXY_LEAVE_OUT"] == paths
    assert wanted.left_out == ("b.test.js", "a b.test.js")
    many = instrument("npx jest", {}, leave_out=[f"{number:0200}.js" for number in range(400)])
    assert "AGENTPROXY_LEAVE_OUT" not in many.env


@pytest.mark.parametrize(
    ("size", "options"), [(10, "--deselect --ignore"), (150, "--deselect"), (250, "")]
)
def test_pytest_neither_loads_nor_runs_files_to_leave_out_as_far_as_they_fit(
    size: int, options: str
) -> None:
    files = [f"test_{number:0{size}}.py" for number in range(250)]
    wanted = instrument("pytest", {}, leave_out=files, loads_all=False)
    asked = wanted.env["PYTEST_ADDOPTS"].split()
    found = [
        name
        for name in ("--deselect", "--ignore")
        if any(each.startswith(f"{name}=") for each in asked)
    ]
    assert " ".join(found) == options
    assert wanted.left_out == (tuple(files) if options else ())
    assert (f"--ignore={TREE}/{files[0]}" in asked) == ("--ignore" in options)
