"""The files of a workspace over HTTP: lists, previews, downloads and uploads."""

import os
import shutil
import threading
import time
from contextlib import suppress
from pathlib import Path

import pytest
from support.chats import Served
from support.forms import BOUNDARY, form, send, upload

MIB = 1 << 20
OWN = (".agent", ".transcripts", ".tasks", ".team")
DENIED = {"detail": "Access denied"}
MISSING = {"detail": "File not found"}


@pytest.fixture
def conversation(served: Served) -> str:
    return served.new()


def folder_of(served: Served, conversation: str) -> Path:
    place = served.folder / "workspace" / conversation
    place.mkdir(parents=True, exist_ok=True)
    return place


def listed(served: Served, conversation: str) -> list[str]:
    status, files = served.request("GET", f"/api/workspace/files?conversation={conversation}")
    assert status == 200
    return [each["path"] for each in files]


def test_files_are_listed_in_order_without_our_own_folders(
    served: Served, conversation: str
) -> None:
    path = f"/api/workspace/files?conversation={conversation}"
    assert served.request("GET", path) == (200, [])
    place = folder_of(served, conversation)
    for name in (
        "b.txt",
        "a/z.txt",
        *(f"{own}/x" for own in OWN),
        "a/.tasks/1.json",
        ".git/config",
    ):
        (place / name).parent.mkdir(parents=True, exist_ok=True)
        (place / name).write_text("123")
    (place / "link.txt").symlink_to("b.txt")
    (place / "up").symlink_to("/etc")
    os.mkfifo(place / "pipe")
    assert served.request("GET", path) == (
        200,
        [
            {"name": "z.txt", "path": "a/z.txt", "size": 3},
            {"name": "b.txt", "path": "b.txt", "size": 3},
        ],
    )
    _, all_of_them = served.request("GET", "/api/workspace/files")
    assert f"{conversation}/a/z.txt" in [each["path"] for each in all_of_them]


PREVIEWS = {
    "main.py": (b"print(1)\n", "print(1)\n", "python"),
    "app.ts": (b"let a = 1", "let a = 1", "typescript"),
    "Dockerfile": (b"FROM a\n", "FROM a\n", None),
    ".env": (b"A=1", "A=1", None),
    "latin.txt": (b"caf\xe9", "caf\ufffd", "plaintext"),
    "empty.csv": (b"", "", "plaintext"),
    "nul.txt": (b"a\0b", None, "plaintext"),
    "late-nul.txt": (b"a" * 8192 + b"\0", "a" * 8192 + "\0", "plaintext"),
    "report.pdf": (b"%PDF", None, None),
    "photo.tiff": (b"II", None, None),
    "whole.md": (b"a" * 102_400, "a" * 102_400, "markdown"),
    "large.md": (
        b"a" * 102_401,
        "a" * 102_400 + "\n\n... (truncated at 100 KB)",
        "markdown",
    ),
}


@pytest.mark.parametrize("name", PREVIEWS)
def test_a_preview_tells_text_language_and_what_is_binary(
    served: Served, conversation: str, name: str
) -> None:
    data, content, language = PREVIEWS[name]
    place = folder_of(served, conversation) / "in side"
    place.mkdir()
    (place / name).write_bytes(data)
    path = f"/api/workspace/file/in%20side/{name}?conversation={conversation}"
    assert served.request("GET", path) == (
        200,
        {
            "path": f"in side/{name}",
            "name": name,
            "size": len(data),
            "content": content,
            "binary": content is None,
            "language": language,
        },
    )


def test_a_download_is_never_shown_by_a_browser(served: Served, conversation: str) -> None:
    place = folder_of(served, conversation)
    (place / 'page "ü".html').write_bytes(b"<script>1</script>")
    answer = send(served, "GET", f"/api/files/{conversation}/page%20%22%C3%BC%22.html")
    assert (answer.status, answer.body) == (200, b"<script>1</script>")
    assert answer.headers["content-type"] == "application/octet-stream"
    assert answer.headers["x-content-type-options"] == "nosniff"
    wanted = "attachment; filename*=utf-8''page%20%22%C3%BC%22.html"
    assert answer.headers["content-disposition"] == wanted


@pytest.mark.parametrize("other", ["0123456789ab", "..", "x", "%00", "A" * 300])
def test_a_conversation_that_is_not_there_has_no_files(served: Served, other: str) -> None:
    (folder_of(served, served.new()) / "a.txt").write_text("a")
    # Where the id counted for nothing, this one would be found.
    everybodys = served.folder / "workspace" / "a.txt"
    everybodys.write_text("a")
    for path in (
        f"/api/workspace/files?conversation={other}",
        f"/api/workspace/file/a.txt?conversation={other}",
        f"/api/files/{other}/a.txt",
    ):
        assert send(served, "GET", path).status in (404, 422), path
    everybodys.unlink()
    assert upload(served, f"?conversation={other}", ("a.txt", b"a")).status in (404, 422)


# Each leads to a file that is there, if it leads anywhere.
OUTSIDE = (
    "../secret.txt", "..%2fsecret.txt", "%2e%2e/secret.txt", "a/../../secret.txt",
    "....//secret.txt", "%2fetc/passwd", "/etc/passwd", "//etc/passwd", "~/x", "~root/x",
    "..%5csecret.txt", "C:%5cx", "C:x", "file:%2f%2f/etc/passwd", "%252e%252e%252fsecret.txt",
    "note.txt%00", "%00", "%EF%BC%8E%EF%BC%8E/secret.txt", "%E2%80%AE/x", "..%E2%88%95secret.txt",
    ".git/config", ".GIT/config", ".git%20/config", "GIT~1/config", ".tasks/1.json",
    "a/.tasks/1.json", ".Agent/memory.md", "a/b/.team/x", ".transcripts/x",
)  # fmt: skip


@pytest.mark.parametrize("path", OUTSIDE)
def test_no_path_leads_out_or_into_our_own_folders(
    served: Served, conversation: str, path: str
) -> None:
    place = folder_of(served, conversation)
    (place.parent / "secret.txt").write_text("secret")
    for name in (
        ".git/config",
        ".tasks/1.json",
        "a/.tasks/1.json",
        ".agent/memory.md",
        "a/b/.team/x",
    ):
        (place / name).parent.mkdir(parents=True, exist_ok=True)
        (place / name).write_text("secret")
    for address in (f"/api/workspace/file/{path}?conversation={conversation}",
                    f"/api/files/{conversation}/{path}"):  # fmt: skip
        answer = send(served, "GET", address)
        assert (answer.status, answer.json) == (403, DENIED), address


def test_links_pipes_devices_and_folders_are_not_files(served: Served, conversation: str) -> None:
    place = folder_of(served, conversation)
    (place / "folder").mkdir()
    (place / "file.txt").write_text("text")
    (place / ".tasks").mkdir()
    (place / ".tasks/1.json").write_text("secret")
    os.mkfifo(place / "pipe")
    for name, target in (
        ("passwd", "/etc/passwd"), ("zero", "/dev/zero"), ("root", "/proc/self/root"),
        ("up", "../.."), ("self", "self"), ("tasks", ".tasks"), ("task", ".tasks/1.json"),
    ):  # fmt: skip
        (place / name).symlink_to(target)
    began = time.monotonic()
    for path in (
        "passwd", "zero", "root/etc/passwd", "up/journal", "self", "tasks/1.json", "task", "pipe",
        "folder", "folder/", "file.txt/x", "none", "", "a" * 256,
        "a/" * 200 + "a", "x" * 5000,
    ):  # fmt: skip
        for address in (f"/api/workspace/file/{path}?conversation={conversation}",
                        f"/api/files/{conversation}/{path}"):  # fmt: skip
            answer = send(served, "GET", address)
            assert (answer.status, answer.json) in (
                (403, DENIED),
                (404, MISSING),
            ), address
    assert time.monotonic() - began < 20, "nothing waits for a pipe"


def test_uploads_get_a_place_keep_their_last_name_and_replace(
    served: Served, conversation: str
) -> None:
    query = f"?conversation={conversation}"
    answer = upload(served, query, ("../../a.txt", b"1"), ("C:\\x\\b.txt", b"22"), ("ü ä.txt", b""))
    assert (answer.status, answer.json) == (200, {"uploaded": ["a.txt", "b.txt", "ü ä.txt"]})
    answer = upload(served, query + "&subdir=data/new/", ("c.bin", b"\0\r\n--the-bound" * 1000))
    assert answer.json == {"uploaded": ["data/new/c.bin"]}
    assert upload(served, query, ("a.txt", b"333")).status == 200
    place = folder_of(served, conversation)
    assert listed(served, conversation) == ["a.txt", "b.txt", "data/new/c.bin", "ü ä.txt"]
    assert (place / "a.txt").read_bytes() == b"333"
    assert (place / "data/new/c.bin").read_bytes() == b"\0\r\n--the-bound" * 1000
    assert not (served.folder / "a.txt").exists()


def test_ten_mib_pass_and_one_byte_more_leaves_nothing_of_the_upload(
    served: Served, conversation: str
) -> None:
    query = f"?conversation={conversation}"
    assert upload(served, query, ("full.bin", b"x" * (10 * MIB))).status == 200
    answer = upload(served, query, ("small.txt", b"1"), ("big.bin", b"x" * (10 * MIB + 1)))
    assert answer.status == 413
    assert answer.json == {"detail": "File 'big.bin' exceeds 10 MB limit (10.0 MB)"}
    assert listed(served, conversation) == ["full.bin"]


def test_an_upload_goes_nowhere_else_and_makes_none_of_our_folders(
    served: Served, conversation: str
) -> None:
    place = folder_of(served, conversation)
    (place / "file.txt").write_text("kept")
    (place / "folder").mkdir()
    (place / "up").symlink_to(served.folder)
    (place / "tasks").symlink_to(".tasks")
    (place / ".tasks").mkdir()
    restricted = {"detail": "Cannot upload into restricted directory"}
    cases = (
        ("&subdir=..", "x", 403, DENIED),
        ("&subdir=%2fetc", "x", 403, DENIED),
        ("&subdir=a%00", "x", 403, DENIED),
        ("&subdir=.git", "x", 403, DENIED),
        ("&subdir=up", "x", 403, DENIED),
        ("&subdir=tasks", "x", 403, DENIED),
        ("&subdir=.tasks", "x", 403, restricted),
        ("&subdir=deep/.Team/x", "x", 403, restricted),
        ("", ".tasks", 403, restricted),
        ("", ".agent", 403, restricted),
        ("", ".git", 403, DENIED),
        ("", "..", 403, DENIED),
        ("&subdir=file.txt", "x", 409, None),
        ("&subdir=file.txt/deeper", "x", 409, None),
        ("", "folder", 409, None),
        ("", "up", 409, None),
        ("", "a" * 256, 403, DENIED),
    )
    for more, name, status, said in cases:
        answer = upload(
            served, f"?conversation={conversation}{more}", ("first.txt", b""), (name, b"")
        )
        assert answer.status == status, (more, name, answer.body)
        assert said in (None, answer.json)
    assert listed(served, conversation) == ["file.txt"]
    assert (place / "file.txt").read_text() == "kept"
    assert not (served.folder / "x").exists()
    assert list((place / ".tasks").iterdir()) == []


def test_a_form_that_is_wrong_is_refused_in_words(served: Served, conversation: str) -> None:
    path = f"/api/workspace/upload?conversation={conversation}"
    kind = f"multipart/form-data; boundary={BOUNDARY}"
    whole = form(("a.txt", b"text"))
    for body, sent, status in (
        (b"", kind, 422),
        (form(), kind, 422),
        (form(("a.txt", b""), name="file"), kind, 422),
        (form(("", b"")), kind, 422),
        (form(("a.txt", b""), ("x/a.txt", b"")), kind, 422),
        (b"{}", "application/json", 422),
        (whole, "multipart/form-data", 422),
        (whole[:-10], kind, 400),
        (b"no form at all", kind, 400),
        (form(*((f"{number}.txt", b"") for number in range(21))), kind, 413),
    ):
        answer = send(served, "POST", path, body, Content_Type=sent)
        assert answer.status == status, (body[:60], answer.body)
        assert answer.json["detail"]
    assert listed(served, conversation) == []


def test_only_the_upload_may_be_large(served: Served) -> None:
    for path, size in (("/api/chat", 2), ("/api/skills", 2), ("/api/workspace/upload", 102)):
        # Only announced: the server answers before it reads.
        assert send(served, "POST", path, Content_Length=str(size * MIB)).status == 413


def test_nothing_leads_out_while_a_folder_is_swapped_for_a_link(
    served: Served, conversation: str
) -> None:
    place = folder_of(served, conversation)
    (served.folder / "real.txt").write_text("outside")
    (place / "swap").mkdir()
    (place / "swap/real.txt").write_text("inside")
    (place / "way").symlink_to(served.folder)
    over = threading.Event()

    def swap() -> None:
        while not over.is_set():
            # An upload may make the folder anew at any moment.
            with suppress(OSError):
                if (place / "held").exists():
                    shutil.rmtree(place / "swap", ignore_errors=True)
                    (place / "held").rename(place / "swap")
                (place / "swap").rename(place / "held")
                (place / "way").rename(place / "swap")
                (place / "swap").rename(place / "way")

    def naive() -> str:
        asked = place / "swap" / "real.txt"
        try:
            return asked.read_text()
        except OSError:
            return ""

    thread = threading.Thread(target=swap)
    thread.start()
    try:
        assert any(naive() == "outside" for _ in range(100_000)), "the attack works on a naive twin"
        for _ in range(150):
            got = send(served, "GET", f"/api/files/{conversation}/swap/real.txt")
            assert b"outside" not in got.body
            put = upload(served, f"?conversation={conversation}&subdir=swap", ("put.txt", b""))
            assert put.status in (200, 403, 409)
    finally:
        over.set()
        thread.join()
    assert not (served.folder / "put.txt").exists()
