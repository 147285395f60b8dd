"""Reads the documents that people wrote for agents: project, guidance, present session.

The texts come from the repository and are data. Reading follows no link and never raises.
"""

import base64
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, get_args

from agentproxy.files.safe_files import BadPath, FileKind, SafeDir
from agentproxy.supervisor.contexts.images import media_type

ContextKind = Literal["project", "guidance", "session"]
KINDS: tuple[ContextKind, ...] = get_args(ContextKind)
# Believed only from the files of the base. The session is the user's own; git does not track it.
OF_THE_BASE: tuple[ContextKind, ...] = ("project", "guidance")
HOME = ".agentproxy"
RULES = ".cursor/rules"
AT_THE_ROOT = (
    "AGENTS.md",
    "CLAUDE.md",
    "GEMINI.md",
    ".cursorrules",
    ".github/copilot-instructions.md",
    "CONTRIBUTING.md",
)
MARKDOWN = (".md", ".markdown", ".mdc")
TEXTS = (".md", ".markdown", ".txt", ".rst", ".json", ".yaml", ".yml")
IMAGES = (".png", ".jpg", ".jpeg", ".gif", ".webp")

MAX_TEXT_LENGTH = 64 << 10  # bytes
MAX_IMAGE_BYTES = 2 << 20
MAX_DOCUMENTS = 200
MAX_IMAGES = 20
MAX_CHARACTERS = 400_000
MAX_NAMES = 2000  # in one folder
MAX_LOOKED_AT = 5000  # names in all folders together
MAX_NOTES = 50
MAX_CONTEXT_DEPTH = 8
TOKENS_OF_AN_IMAGE = 1600
CHARACTERS_A_TOKEN = 4


@dataclass(frozen=True, slots=True)
class Document:
    """A text or an image. `path` is relative to the root."""

    context: ContextKind
    path: str
    text: str = ""
    media_type: str = ""
    data: str = ""  # an image, in base64
    tokens: int = 0


@dataclass(frozen=True, slots=True)
class Contexts:
    """All documents, sorted by context and path. `notes` says what was left out."""

    documents: tuple[Document, ...] = ()
    notes: tuple[str, ...] = ()

    def of(self, context: ContextKind) -> tuple[Document, ...]:
        return tuple(each for each in self.documents if each.context == context)

    def plus(self, other: "Contexts") -> "Contexts":
        """Returns both together, within the limits of one."""
        return _bounded([*self.documents, *other.documents], [*self.notes, *other.notes])


def read_contexts(root: Path, *, kinds: Sequence[ContextKind] = KINDS) -> Contexts:
    """Returns the documents beneath the root of a repository. Blocking; never raises."""
    reading = _ContextReading()
    try:
        with SafeDir(root, links=False) as opened:
            for kind in kinds:
                reading.read(opened, kind)
    except OSError as error:
        reading.notes.append(f"the contexts cannot be read: {error.strerror or error}")
    return _bounded(reading.documents, reading.notes)


def is_of_the_base(path: str) -> bool:
    """Whether a file with this path can belong to the contexts of the base."""
    folders = (*(f"{HOME}/{kind}/" for kind in OF_THE_BASE), f"{RULES}/")
    return path in AT_THE_ROOT or path.startswith(folders)


def comments_of(text: str) -> Iterator[tuple[int, int]]:
    """Yields start and end of each `<!-- ... -->` in a Markdown text."""
    start = text.find("<!--")
    while start >= 0:
        end = text.find("-->", start + 4)
        # A comment without an end is text.
        if end < 0:
            return
        yield start, end + 3
        start = text.find("<!--", end + 3)


def tokens_of(text: str) -> int:
    """Estimates the number of tokens of a text."""
    return -(-len(text) // CHARACTERS_A_TOKEN)


@dataclass
class _ContextReading:
    documents: list[Document] = field(default_factory=list[Document])
    notes: list[str] = field(default_factory=list[str])
    looked_at: int = 0
    images: int = 0

    def read(self, root: SafeDir, kind: ContextKind) -> None:
        self._folder(root, f"{HOME}/{kind}", kind=kind)
        if kind == "guidance":
            for path in AT_THE_ROOT:
                self._file(root, path, kind=kind)
            self._folder(root, RULES, kind=kind)

    def _folder(self, root: SafeDir, path: str, *, kind: ContextKind) -> None:
        if path.count("/") > MAX_CONTEXT_DEPTH:
            self.notes.append(f"{_shown(path)}: left out: too deep")
            return
        try:
            entries = root.entries(path, most=MAX_NAMES)
        except FileNotFoundError:
            return
        except (BadPath, OSError) as error:
            self.notes.append(_left_out(path, error))
            return
        for name, what in entries:
            self.looked_at += 1
            if self.looked_at > MAX_LOOKED_AT:
                most = f"more than {MAX_LOOKED_AT} names"
                self.notes.append(f"{_shown(path)}: not read completely: {most}")
                return
            if not name.startswith("."):
                self._entry(root, f"{path}/{name}", what=what, kind=kind)

    def _entry(self, root: SafeDir, path: str, *, what: FileKind, kind: ContextKind) -> None:
        ends = IMAGES + TEXTS if kind == "project" else TEXTS
        if path.startswith(RULES):
            ends = (".mdc",)
        if what == "folder":
            self._folder(root, path, kind=kind)
        elif not path.lower().endswith(ends):
            self.notes.append(f"{_shown(path)}: left out: files of this type are not read")
        else:
            self._file(root, path, kind=kind)

    def _file(self, root: SafeDir, path: str, *, kind: ContextKind) -> None:
        image = path.lower().endswith(IMAGES)
        if len(self.documents) >= MAX_DOCUMENTS or (image and self.images >= MAX_IMAGES):
            most = f"{MAX_IMAGES} images" if image else f"{MAX_DOCUMENTS} files"
            self.notes.append(f"{_shown(path)}: left out: more than {most}")
            return
        try:
            data = root.read(path, limit=MAX_IMAGE_BYTES if image else MAX_TEXT_LENGTH)
            document = _image(path, data, kind) if image else _text(path, data, kind)
        except FileNotFoundError:
            return
        except (BadPath, OSError) as error:
            self.notes.append(_left_out(path, error))
            return
        if document is not None:
            self.documents.append(document)
            self.images += image


def _image(path: str, data: bytes, kind: ContextKind) -> Document:
    media = media_type(data)
    if not media:
        raise BadPath(path, "not a PNG, JPEG, GIF or WebP image")
    text = base64.b64encode(data).decode()
    return Document(kind, path, media_type=media, data=text, tokens=TOKENS_OF_AN_IMAGE)


def _text(path: str, data: bytes, kind: ContextKind) -> Document | None:
    try:
        text = data.decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        raise BadPath(path, "not UTF-8") from error
    if "\0" in text:
        raise BadPath(path, "not a text file")
    markdown = path.lower().endswith(MARKDOWN)
    if markdown and path.startswith(f"{HOME}/"):
        text = _without_comments(text)
    lines = _without_comments(text).splitlines() if markdown else text.splitlines()
    # Headings and comments alone, as `pa init` writes them, are no document yet.
    if all(not line.strip() or (markdown and line.startswith("#")) for line in lines):
        return None
    return Document(kind, path, text=text, tokens=tokens_of(text))


def _without_comments(text: str) -> str:
    pieces: list[str] = []
    end = 0
    for start, following in comments_of(text):
        pieces.append(text[end:start])
        end = following
    return "".join([*pieces, text[end:]])


def _left_out(path: str, error: BadPath | OSError) -> str:
    why = error.why if isinstance(error, BadPath) else (error.strerror or str(error))
    return f"{_shown(path)}: left out: {why}"


def _shown(path: str) -> str:
    return path if path.isprintable() else ascii(path)


def _bounded(documents: Sequence[Document], notes: Sequence[str]) -> Contexts:
    kept: list[Document] = []
    all_notes = list(notes)
    characters = 0
    for each in sorted(documents, key=lambda each: (KINDS.index(each.context), each.path)):
        if len(kept) >= MAX_DOCUMENTS:
            all_notes.append(f"{_shown(each.path)}: left out: more than {MAX_DOCUMENTS} files")
        elif characters + len(each.text) > MAX_CHARACTERS:
            all_notes.append(
                f"{_shown(each.path)}: left out: more than {MAX_CHARACTERS} characters in all"
            )
        else:
            kept.append(each)
            characters += len(each.text)
    if len(all_notes) > MAX_NOTES:
        all_notes = [*all_notes[:MAX_NOTES], f"... and {len(all_notes) - MAX_NOTES} more notes"]
    return Contexts(tuple(kept), tuple(all_notes))
