"""Where a job sees the tree under proof."""

from pathlib import Path

from agentproxy.events.git_facts import EnvironmentFound
from agentproxy.workspace.environment.job_layout import missing_checkouts, place_tree
from agentproxy.workspace.sandbox.port import Mount


def missing(tree: Path, *checkouts: str) -> tuple[str, ...]:
    found = EnvironmentFound(path="/usr/bin", checkouts=checkouts)
    mount = Mount(at="/home/me/work", mode="overlay", source=tree)
    layout = place_tree([mount], root=Path("/home/me/work"), directory=".", environment=found)
    return missing_checkouts(layout, checkouts)


def test_a_tree_stands_at_the_places_of_other_checkouts(tmp_path: Path) -> None:
    assert missing(tmp_path, "/home/me/other", "/home/me/work/inner") == ()


def test_where_a_file_of_the_tree_is_in_the_way_the_place_is_named(tmp_path: Path) -> None:
    (tmp_path / "inner").write_text("a file\n")
    assert missing(tmp_path, "/home/me/other", "/home/me/work/inner") == ("/home/me/work/inner",)


def test_a_folder_that_was_built_gets_a_layer_and_a_file_none(tmp_path: Path) -> None:
    (tmp_path / "cache").mkdir()
    (tmp_path / "pnp").touch()
    built = {"/w/.yarn/cache": f"{tmp_path}/cache", "/w/.pnp.cjs": f"{tmp_path}/pnp"}
    found = EnvironmentFound(path="/usr/bin", built=built)
    layout = place_tree([], root=Path("/w"), directory=".", environment=found)
    modes = {mount.at: mount.mode for mount in layout.mounts}
    assert modes == {"/w/.yarn/cache": "overlay", "/w/.pnp.cjs": "ro"}
