"""A process may work in many directories at once: nothing of one is the process's own."""

import asyncio
import tempfile
from pathlib import Path

from agentproxy.app.context import open_app

SECRET = "sk-of-one-project-only-1234567890"


def test_each_project_has_its_own_settings_and_its_keys_are_kept_out_of_every_record(
    tmp_path: Path,
) -> None:
    one, other = tmp_path / "one", tmp_path / "other"
    for folder in (one, other):
        folder.mkdir()
    (one / ".env").write_text(f"MY_API_KEY={SECRET}\n")

    async def story() -> None:
        environ = {"AGENTPROXY_HOME": str(tmp_path / "home")}
        async with open_app(environ, other) as app:
            first, second = await app.project(one), await app.project(other)
            assert first.settings.keys == {"MY_API_KEY": SECRET}
            assert second.settings.keys == {}
            assert SECRET not in app.redact(f"it printed {SECRET}")

    asyncio.run(story())


def test_temporary_files_go_into_a_folder_of_the_process_that_is_gone_afterwards(
    tmp_path: Path,
) -> None:
    before = tempfile.gettempdir()
    home = tmp_path / "home"
    dead = home / "tmp" / "deadbeef.deadbeef.1-1-x"
    dead.mkdir(parents=True)

    async def story() -> list[Path]:
        async with open_app({"AGENTPROXY_HOME": str(home)}, tmp_path) as app:
            assert tempfile.gettempdir() == before
            assert app.scratch is not None
            (app.scratch / "left").mkdir()
            async with open_app({"AGENTPROXY_HOME": str(home)}, tmp_path) as another:
                assert another.scratch != app.scratch
            return list((home / "tmp").iterdir())

    assert len(asyncio.run(story())) == 2  # ours while it lives, and one that we cannot judge
    assert list((home / "tmp").iterdir()) == [dead]
