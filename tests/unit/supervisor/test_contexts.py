"""The three contexts: what is read, what is bounded, and that hostile files are only skipped."""

import base64
import os
from pathlib import Path

import pytest

from agentproxy.supervisor.contexts.reading import Contexts, is_of_the_base, read_contexts

PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 40


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "tree" / ".agentproxy").mkdir(parents=True)
    (tmp_path / "secret.md").write_text("secret")
    return tmp_path / "tree"


def put(root: Path, name: str, content: str | bytes) -> Path:
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def paths(contexts: Contexts) -> list[str]:
    return [document.path for document in contexts.documents]


def test_each_context_has_its_places_and_they_come_in_order(root: Path) -> None:
    expected = [
        ("project", ".agentproxy/project/mission.md"),
        ("project", ".agentproxy/project/mockups/deep/start.PNG"),
        ("project", ".agentproxy/project/okrs.yaml"),
        ("guidance", ".agentproxy/guidance/qa.txt"),
        ("guidance", ".cursor/rules/style.mdc"),
        ("guidance", ".cursorrules"),
        ("guidance", ".github/copilot-instructions.md"),
        ("guidance", "AGENTS.md"),
        ("guidance", "CLAUDE.md"),
        ("guidance", "CONTRIBUTING.md"),
        ("guidance", "GEMINI.md"),
        ("session", ".agentproxy/session/tasks.md"),
    ]
    for _, path in reversed(expected):
        put(root, path, PNG if path.endswith("PNG") else f"text of {path}\n")
    put(root, "docs/other.md", "not read")
    found = read_contexts(root)
    assert [(each.context, each.path) for each in found.documents] == expected
    assert found.notes == ()
    assert found == read_contexts(root)


def test_an_image_is_kept_in_base64_and_tokens_are_estimated(root: Path) -> None:
    put(root, ".agentproxy/project/a.png", PNG)
    put(root, ".agentproxy/project/b.md", "12345")
    image, text = read_contexts(root).documents
    assert (image.media_type, base64.b64decode(image.data), image.tokens) == (
        "image/png",
        PNG,
        1600,
    )
    assert (text.text, text.media_type, text.tokens) == ("12345", "", 2)


def test_only_the_kinds_that_are_asked_for_are_read(root: Path) -> None:
    put(root, ".agentproxy/session/tasks.md", "- [ ] now")
    put(root, "AGENTS.md", "rules")
    base = read_contexts(root, kinds=("project", "guidance"))
    assert paths(base) == ["AGENTS.md"]
    session = read_contexts(root, kinds=("session",))
    assert paths(session) == [".agentproxy/session/tasks.md"]
    assert paths(session.plus(base)) == ["AGENTS.md", ".agentproxy/session/tasks.md"]


def test_comments_and_headings_alone_are_no_content_and_comments_are_not_given(root: Path) -> None:
    put(root, ".agentproxy/project/mission.md", "# Mission\n\n<!--\nWhat for?\n-->\n\n## Why\n")
    put(root, ".agentproxy/project/okrs.md", "# OKRs\n<!-- which? -->\n- faster\n<!-- open")
    put(root, "AGENTS.md", "<!-- as it is -->\n- rule\n")
    found = read_contexts(root)
    assert [each.text for each in found.documents] == [
        "# OKRs\n\n- faster\n<!-- open",
        "<!-- as it is -->\n- rule\n",
    ]
    assert found.notes == ()


def test_a_repository_without_contexts_has_none(root: Path) -> None:
    assert read_contexts(root) == Contexts()
    assert read_contexts(root / "nowhere").documents == ()


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("project/huge.md", b"x" * (65 << 10), "larger than"),
        ("project/huge.png", PNG + b"x" * (2 << 20), "larger than"),
        ("project/fake.png", b"<script>", "not a PNG"),
        ("guidance/picture.png", PNG, "of this type"),
        ("guidance/latin.md", b"caf\xe9", "not UTF-8"),
        ("guidance/nul.md", b"a\0b", "not a text"),
        ("session/tool.exe", b"MZ", "of this type"),
        ("guidance/bad\x1b[2Jname.md", b"text", "cannot be seen"),
    ],
)
def test_what_cannot_be_used_is_left_out_with_a_note(
    root: Path, name: str, content: bytes, says: str
) -> None:
    put(root, f".agentproxy/{name}", content)
    found = read_contexts(root)
    assert found.documents == ()
    assert len(found.notes) == 1
    assert says in found.notes[0]
    assert found.notes[0].isprintable()


def test_a_name_that_is_not_utf_8_is_left_out_with_a_note(root: Path) -> None:
    folder = root / ".agentproxy" / "guidance"
    folder.mkdir()
    (folder / os.fsdecode(b"\xff.md")).write_text("text")
    found = read_contexts(root)
    assert (found.documents, len(found.notes)) == ((), 1)
    assert found.notes[0].encode()


@pytest.mark.timeout(20)
def test_a_pipe_is_not_waited_for(root: Path) -> None:
    (root / ".agentproxy" / "guidance").mkdir()
    os.mkfifo(root / ".agentproxy" / "guidance" / "pipe.md")
    os.mkfifo(root / "AGENTS.md")
    found = read_contexts(root)
    assert found.documents == ()
    assert len(found.notes) == 2


@pytest.mark.parametrize(
    "place", ["AGENTS.md", ".agentproxy/guidance/a.md", ".agentproxy/guidance/a"]
)
@pytest.mark.parametrize("target", ["outside", "inside", "loop"])
def test_no_link_is_followed_whether_it_leads_out_or_not(
    root: Path, place: str, target: str
) -> None:
    put(root, ".env", "secret")
    put(root, "folder/a.md", "secret")
    link = root / place
    link.parent.mkdir(parents=True, exist_ok=True)
    folder = not place.endswith(".md")
    inside = root / ("folder" if folder else ".env")
    outside = root.parent if folder else root.parent / "secret.md"
    link.symlink_to({"outside": outside, "inside": inside, "loop": link}[target])
    if target != "loop" and not folder:
        assert link.read_text() == "secret", "a naive reader is led there"
    found = read_contexts(root)
    assert found.documents == ()
    assert len(found.notes) == 1


def test_a_linked_folder_of_contexts_is_not_entered(root: Path) -> None:
    put(root, "elsewhere/project/mission.md", "secret")
    (root / ".agentproxy").rmdir()
    (root / ".agentproxy").symlink_to("elsewhere")
    found = read_contexts(root)
    assert found.documents == ()
    assert any("link" in note for note in found.notes)


def test_files_characters_names_and_notes_are_bounded(root: Path) -> None:
    for number in range(210):
        put(root, f".agentproxy/guidance/{number:03}.md", "x" * 4000)
    found = read_contexts(root)
    assert len(found.documents) == 100
    assert sum(len(each.text) for each in found.documents) == 400_000
    assert len(found.notes) == 51
    assert "more notes" in found.notes[-1]


def test_a_folder_of_countless_names_is_left_out_and_a_deep_one_not_followed(root: Path) -> None:
    for number in range(2001):
        put(root, f".agentproxy/project/{number}.md", "x")
    put(root, ".agentproxy/guidance/" + "a/" * 20 + "deep.md", "x")
    found = read_contexts(root)
    assert found.documents == ()
    assert "more than 2000" in found.notes[0]
    assert "too deep" in found.notes[1]


def test_no_more_than_twenty_images_are_read(root: Path) -> None:
    for number in range(22):
        put(root, f".agentproxy/project/{number:02}.png", PNG)
    found = read_contexts(root)
    assert (len(found.documents), len(found.notes)) == (20, 2)


def test_which_files_of_the_base_belong_to_the_contexts_is_told_by_their_path() -> None:
    for path in ("AGENTS.md", ".agentproxy/project/a/b.png", ".cursor/rules/x.mdc"):
        assert is_of_the_base(path)
    for path in (".agentproxy/session/tasks.md", "docs/AGENTS.md", ".agentproxy/projects/a.md"):
        assert not is_of_the_base(path)
