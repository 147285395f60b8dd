"""The commands that the bundled skills name make what they promise, with nothing but Python."""

import compileall
import json
import os
import re
import shutil
import subprocess
import sys
import zipfile
import zlib
from pathlib import Path

import pytest
from defusedxml import ElementTree

from agentproxy.tools.skills.library import BUNDLED, SkillLibrary

MARKDOWN = """# Report & more

First **bold** text
over lines.

- one

1. step

| Name | Count |
|---|---|
| y <z> | 2 |

---

## Last
End €.
"""


def follow(name: str, folder: Path) -> list[subprocess.CompletedProcess[str]]:
    """Runs the commands in a skill's text, as they stand there."""
    text = (BUNDLED / name / "SKILL.md").read_text()
    commands = re.findall(r"^ {4,}(python3 \{skill\}.*)$|`(python3 \{skill\}.*?)`", text, re.M)
    assert commands
    ended: list[subprocess.CompletedProcess[str]] = []
    for command in (block or inline for block, inline in commands):
        argv = command.replace("{skill}", str(BUNDLED / name)).split()
        ran = subprocess.run(
            [sys.executable, "-I", "-S", *argv[1:]],
            cwd=folder, env={"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8"},
            capture_output=True, text=True, check=False, timeout=60,
        )  # fmt: skip
        if ran.returncode:
            raise AssertionError(command + ran.stdout + ran.stderr)
        ended.append(ran)
    return ended


def parts_of(file: Path) -> list[str]:
    """The names in an archive of XML; every one of them is read."""
    with zipfile.ZipFile(file) as archive:
        for name in archive.namelist():
            ElementTree.fromstring(archive.read(name))
        return archive.namelist()


def test_every_skill_has_a_short_text_and_names_only_files_that_are_there(tmp_path: Path) -> None:
    skills = SkillLibrary(tmp_path / "none").all()
    assert len(skills) == 8
    for skill in skills.values():
        assert 500 < len(skill.body) < 4000
        named = set(re.findall(r"\{skill\}/(\S+?\.py)", skill.body))
        assert named == set(skill.files), skill.name


def test_what_an_installation_compiles_is_no_file_of_a_skill(tmp_path: Path) -> None:
    shutil.copytree(BUNDLED / "docx-writer", tmp_path / "docx-writer")
    assert compileall.compile_dir(tmp_path, quiet=1)
    assert list(tmp_path.rglob("*.pyc"))
    (skill,) = [each for each in SkillLibrary(tmp_path).all().values() if each.root == tmp_path]
    assert list(skill.files) == ["scripts/docx.py"]


def test_the_word_document_is_made_and_read_back(tmp_path: Path) -> None:
    (tmp_path / "report.md").write_text(MARKDOWN)
    _, read = follow("docx-writer", tmp_path)
    lines = [line for line in read.stdout.splitlines() if line]
    wanted = ["Report & more", "First bold text over lines.", "one", "step", "Name", "Count"]
    assert lines == [*wanted, "y <z>", "2", "Last", "End €."]
    assert "word/numbering.xml" in parts_of(tmp_path / "report.docx")


def test_the_workbook_has_numbers_dates_and_formulas(tmp_path: Path) -> None:
    text = (BUNDLED / "excel-writer" / "SKILL.md").read_text()
    (book,) = re.findall(r"^ +(\{\"sheets\".*?\]\}\]\})$", text, re.M | re.DOTALL)
    assert json.loads(book)
    (tmp_path / "book.json").write_text(book)
    _, read = follow("excel-writer", tmp_path)
    cells = dict(line.split("\t") for line in read.stdout.splitlines()[1:])
    assert (cells["A1"], cells["A2"], cells["B2"]) == ("Month", "46053", "10")
    assert (cells["D2"], cells["D4"]) == ("=B2*C2", "=SUM(D2:D3)")
    assert "xl/worksheets/sheet1.xml" in parts_of(tmp_path / "book.xlsx")


def test_the_pdf_has_pages_and_its_table_of_objects_is_right(tmp_path: Path) -> None:
    (tmp_path / "letter.md").write_text(MARKDOWN + "\n\n" + "many words (and \\ more) " * 900)
    made, read = follow("pdf-writer", tmp_path)
    assert made.stdout == "7 pages\n"
    assert "== page 7" in read.stdout
    assert "End €." in read.stdout
    data = (tmp_path / "letter.pdf").read_bytes()
    places = re.findall(rb"^(\d{10}) 00000 n ", data, re.M)
    for number, place in enumerate(places, start=1):
        assert data[int(place) :].startswith(b"%d 0 obj" % number)
    for stream in re.findall(rb"stream\n(.*?)\nendstream", data, re.DOTALL):
        assert zlib.decompress(stream)


def test_a_sign_that_the_pdf_cannot_have_is_named(tmp_path: Path) -> None:
    (tmp_path / "letter.md").write_text("Ж")
    with pytest.raises(AssertionError, match="this sign cannot be written: 'Ж'"):
        follow("pdf-writer", tmp_path)
    assert not (tmp_path / "letter.pdf").exists()


def test_the_presentation_has_slides_and_notes(tmp_path: Path) -> None:
    text = (BUNDLED / "ppt-writer" / "SKILL.md").read_text()
    (outline,) = re.findall(r"^ +# Title of the talk.*?(?=\n\n\d)", text, re.M | re.DOTALL)
    (tmp_path / "talk.md").write_text(re.sub(r"^ {7}", "", outline, flags=re.M))
    made, read = follow("ppt-writer", tmp_path)
    assert made.stdout == "2 slides\n"
    lines = read.stdout.splitlines()
    assert lines[:3] == ["== slide 1", "Title of the talk", "Who speaks, and when"]
    assert lines[3:5] == ["== slide 2", "A statement"]
    assert "what the speaker says" in (tmp_path / "talk.pptx.notes.txt").read_text()
    assert "ppt/slides/slide2.xml" in parts_of(tmp_path / "talk.pptx")


def test_a_good_dockerfile_is_ok_and_a_bad_one_is_named(tmp_path: Path) -> None:
    (tmp_path / "Dockerfile").write_text(
        "FROM python:3.12.8-slim AS build\nRUN pip install \\\n  --require-hashes -r r.txt\n"
        'FROM build\nUSER app\nCMD ["python", "-m", "app"]\n'
    )
    assert follow("dockerfile-builder", tmp_path)[0].stdout == "ok\n"
    (tmp_path / "Dockerfile").write_text(
        "FROM python\nENV API_KEY=abc\nADD . .\nRUN apt-get install -y git\nCMD python app.py\n"
    )
    with pytest.raises(AssertionError) as told:
        follow("dockerfile-builder", tmp_path)
    said = str(told.value)
    for problem in ("no fixed version", "a secret", "ADD", "lists of apt", "CMD is no", "as root"):
        assert problem in said


def test_a_good_api_is_ok_and_a_bad_one_is_named(tmp_path: Path) -> None:
    operation = {
        "operationId": "listOrders",
        "summary": "List orders",
        "responses": {"200": {"description": "ok"}, "401": {"description": "who are you"}},
    }
    document = {
        "openapi": "3.1.0",
        "info": {"title": "Orders", "version": "1"},
        "paths": {"/orders": {"get": operation}},
    }
    (tmp_path / "openapi.json").write_text(json.dumps(document))
    assert follow("api-design", tmp_path)[0].stdout == "ok\n"
    document["paths"] = {
        "/orders/{id}": {"get": {"responses": {"200": {"$ref": "#/components/x"}}}}
    }
    (tmp_path / "openapi.json").write_text(json.dumps(document))
    with pytest.raises(AssertionError) as told:
        follow("api-design", tmp_path)
    for problem in ("operationId is missing", "no answer for an error", "parameter id", "nowhere"):
        assert problem in str(told.value)
