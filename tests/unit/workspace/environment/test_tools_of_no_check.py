"""Tools that build an environment, or are asked for one, and that no check names."""

from pathlib import Path

import pytest

from agentproxy.workspace.environment.discover import WantedEnvironment, find_environment


@pytest.mark.parametrize("tool", ["uv", "poetry", "pnpm", "yarn", "corepack"])
def test_the_installation_that_a_link_on_path_leads_to_is_shown(tmp_path: Path, tool: str) -> None:
    # As Poetry's own installer lays it out.
    root, home = tmp_path / "project", tmp_path / "home"
    program = home / f".local/share/{tool}/venv/bin/{tool}"
    for folder in (root, program.parent, home / ".local/bin"):
        folder.mkdir(parents=True)
    program.touch(mode=0o755)
    (home / ".local/bin" / tool).symlink_to(program)
    environ = {"HOME": str(home), "PATH": f"{home}/.local/bin:/usr/bin:/bin"}
    wanted = WantedEnvironment(commands=("pytest -q",))
    found = find_environment(root, ".", environ=environ, wanted=wanted)
    assert any(program.is_relative_to(folder) for folder in found.toolchains), found.toolchains
