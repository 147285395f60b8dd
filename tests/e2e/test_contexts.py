"""What a person writes down for agents, as `pa` shows it; and images that belong to a task."""

import asyncio
import base64
import json
import os
from pathlib import Path
from typing import Any

import pytest
from support.front_door import Pa, new_pa
from support.projects import CHECK, MEND

from agentproxy.app.context import open_app
from agentproxy.app.screenshots import ScreenshotUnusable, load_screenshots
from agentproxy.events.run import Order

pytestmark = pytest.mark.slow

PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 40
STARTED = {
    ".agentproxy/.gitignore",
    ".agentproxy/guidance/preferences.md",
    ".agentproxy/guidance/qa-checklist.md",
    ".agentproxy/guidance/standards.md",
    ".agentproxy/project/competitive-analysis.md",
    ".agentproxy/project/mission.md",
    ".agentproxy/project/mockups/README.md",
    ".agentproxy/project/okrs.md",
    ".agentproxy/session/tasks.md",
    "agentproxy.toml",
}


def shown(pa: Pa) -> dict[str, Any]:
    ran = pa("context", "-o", "json")
    assert ran.code == 0, ran.err
    return ran.records[0]


def paths(pa: Pa) -> set[str]:
    return {document["path"] for document in shown(pa)["documents"]}


def test_init_writes_a_start_that_counts_as_nothing_and_runs_go_on(pa: Pa) -> None:
    ran = pa("init")
    assert ran.code == 0
    assert {line[6:] for line in ran.out.splitlines() if line.startswith("wrote ")} == STARTED
    assert "git add .agentproxy agentproxy.toml" in ran.out
    pa.commit()
    assert pa.git("ls-files", ".agentproxy/session") == ""
    assert shown(pa)["documents"] == []
    assert pa.task("--check", CHECK, worker=MEND).code == 0


def test_init_overwrites_nothing_and_says_what_it_kept(pa: Pa) -> None:
    mine = {".agentproxy/project/mission.md": "mine", ".agentproxy/agentproxy.toml": ""}
    pa.write(mine)
    ran = pa("init", "-o", "json", cwd=pa.project / ".agentproxy").records[0]
    assert set(ran["kept"]) == set(mine)
    assert set(ran["written"]) == STARTED - {*mine, "agentproxy.toml"}
    assert not (pa.project / "agentproxy.toml").exists()
    assert (pa.project / ".agentproxy/project/mission.md").read_text() == "mine"
    assert pa("init", "-o", "json").records[0]["written"] == []


def test_init_says_where_an_own_gitignore_forgets_the_session(pa: Pa) -> None:
    assert "echo session/" not in pa("init").out
    pa.write({".agentproxy/.gitignore": "cache/\n"})
    assert "echo session/ >> .agentproxy/.gitignore" in pa("init").out


def test_init_outside_a_repository_is_a_usage_error_with_a_cure(pa: Pa) -> None:
    ran = pa("init", cwd=pa.scripts)
    assert ran.code == 2
    assert "git init" in ran.err
    assert list(pa.scripts.iterdir()) == []


@pytest.mark.parametrize("place", [".agentproxy", ".agentproxy/session"])
def test_init_writes_through_no_link(pa: Pa, place: str) -> None:
    elsewhere = pa.scripts / "elsewhere"
    elsewhere.mkdir()
    (pa.project / place).parent.mkdir(exist_ok=True)
    (pa.project / place).symlink_to(elsewhere)
    ran = pa("init")
    assert ran.code == 2
    assert "link" in ran.err
    assert list(elsewhere.iterdir()) == []


def test_context_says_what_is_given_to_whom_and_how_much_it_is(pa: Pa) -> None:
    pa.write({"AGENTS.md": "x" * 400, ".agentproxy/project/mission.md": "y" * 41})
    (pa.project / ".agentproxy/project/start.png").write_bytes(PNG)
    pa.commit()
    found = shown(pa)
    tokens = {d["path"]: (d["worker_tokens"], d["supervisor_tokens"]) for d in found["documents"]}
    assert tokens == {
        ".agentproxy/project/mission.md": (0, 11),
        ".agentproxy/project/start.png": (0, 1600),
        "AGENTS.md": (100, 100),
    }
    assert found["tokens"] == {"worker": 100, "supervisor": 1711}
    table = pa("context").out
    assert "1,711" in table
    assert "AGENTS.md" in table


def test_project_and_guidance_come_from_the_base_and_the_session_from_the_folder(pa: Pa) -> None:
    pa("init")
    pa.commit()
    pa.write(
        {
            ".agentproxy/project/mission.md": "changed, and git knows the file",
            ".agentproxy/guidance/new.md": "git does not know this one",
            ".agentproxy/session/tasks.md": "- [ ] now\n",
        }
    )
    found = shown(pa)
    assert paths(pa) == {".agentproxy/project/mission.md", ".agentproxy/session/tasks.md"}
    assert [note.partition(":")[0] for note in found["notes"]] == [".agentproxy/guidance/new.md"]
    pa.git("add", "-A")
    assert ".agentproxy/guidance/new.md" in paths(pa)


def test_looking_at_the_contexts_leaves_no_ref_and_changes_no_file(pa: Pa) -> None:
    pa.write({"AGENTS.md": "rules"})
    pa.git("add", "-A")
    before = (pa.git("status", "--porcelain"), pa.git("for-each-ref"))
    shown(pa)
    assert (pa.git("status", "--porcelain"), pa.git("for-each-ref")) == before


def test_show_prints_one_document_without_what_steers_a_terminal(pa: Pa) -> None:
    pa.write({"AGENTS.md": "rule \x1b[2J\n"})
    pa.commit()
    assert pa("context", "--show", "AGENTS.md").out == "rule \N{REPLACEMENT CHARACTER}[2J\n"
    assert json.loads(pa("context", "--show", "AGENTS.md", "-o", "json").out)["tokens"] == 3
    ran = pa("context", "--show", "/etc/passwd")
    assert ran.code == 2
    assert "pa context" in ran.err


def test_a_hostile_repository_is_only_told_of(pa: Pa) -> None:
    secret = pa.scripts / "secret.md"
    secret.write_text("a secret")
    pa.write({".env": "a secret", ".gitignore": ".env\n", "CONTRIBUTING.md": "honest"})
    guidance, session = (pa.project / ".agentproxy" / name for name in ("guidance", "session"))
    guidance.mkdir(parents=True)
    session.mkdir()
    (guidance / "out.md").symlink_to(secret)
    (guidance / "in.md").symlink_to("../../.env")
    (guidance / "huge.md").write_text("x" * 100_000)
    (guidance / "binary.md").write_bytes(b"\xff\x00\xfe")
    (guidance / "na\x1b[2Jme.md").write_text("text")
    (guidance / os.fsdecode(b"latin-\xe9.md")).write_text("text")
    pa.project.joinpath("AGENTS.md").symlink_to("/dev/zero")
    (session / "tasks.md").symlink_to("../../.env")
    pa.commit()
    os.mkfifo(session / "pipe.md")
    ran = pa("context")
    assert ran.code == 0
    assert "\x1b" not in ran.out
    assert ran.out.count("note: ") == 9
    found = pa("context", "-o", "json")
    assert [d["path"] for d in found.records[0]["documents"]] == ["CONTRIBUTING.md"]
    assert "a secret" not in found.out


def test_context_outside_a_repository_is_a_usage_error(pa: Pa) -> None:
    assert pa("context", cwd=pa.scripts).code == 2


def test_screenshots_are_kept_with_the_run_and_named_in_the_brief(pa: Pa) -> None:
    first, second = pa.scripts / "first.jpeg", pa.scripts / "second"
    first.write_bytes(PNG)
    second.write_bytes(b"GIF89a" + b"\0" * 20)
    added = ["--add-screenshot", str(first), "--add-screenshot", "../scripts/second"]
    worker = f'cp "$AGENTPROXY_BRIEF" brief.txt; {MEND}'
    ran = pa.task(*added, "--check", CHECK, worker=worker)
    assert ran.code == 0
    order = ran.of_kind("run_created")[0]["request"]
    assert order["screenshots"] == ["screenshots/1.png", "screenshots/2.gif"]
    run = ran.result["run"]
    assert (pa.home / "runs" / run / "screenshots" / "1.png").read_bytes() == PNG
    assert "- 2.gif" in pa.git("show", f"agentproxy/{run}:brief.txt")
    first.unlink()
    found = asyncio.run(kept(pa, run, Order(**order)))
    assert found[0] == ("image/png", base64.b64encode(PNG).decode())
    assert found[1][0] == "image/gif"
    (pa.home / "runs" / run / "screenshots" / "1.png").unlink()
    with pytest.raises(ScreenshotUnusable):
        asyncio.run(kept(pa, run, Order(**order)))


async def kept(pa: Pa, run: str, order: Order) -> list[tuple[str, str]]:
    async with open_app({"AGENTPROXY_HOME": str(pa.home)}, pa.project) as app:
        return load_screenshots(app, run, order)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (None, "no such file"),
        (b"<svg/>", "not a PNG"),
        (b"", "not a PNG"),
        (PNG + b"\0" * (5 << 20), "larger than"),
        ("pipe", "not a regular file"),
        ("folder", "not a regular file"),
    ],
    ids=["missing", "svg", "empty", "huge", "pipe", "folder"],
)
def test_what_is_no_image_is_refused_by_name_before_anything_begins(
    tmp_path: Path, content: bytes | str | None, says: str
) -> None:
    pa = new_pa(tmp_path, {"a.txt": "a\n"})
    file = pa.scripts / "shot.png"
    if isinstance(content, bytes):
        file.write_bytes(content)
    elif content is not None:
        (os.mkfifo if content == "pipe" else os.mkdir)(file)
    ran = pa("--add-screenshot", str(file), "--worker", "command:true", "Do it")
    assert ran.code == 2
    for text in (str(file), says, "PNG, JPEG, GIF or WebP"):
        assert text in ran.err
    assert pa("list", "-o", "json").out == ""
    assert not (pa.home / "runs").exists()
