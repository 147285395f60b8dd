"""Reads files out of a form as it arrives, and puts all of them into a workspace, or none."""

import errno
import os
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from python_multipart import MultipartParser
from python_multipart.multipart import parse_options_header

from agentproxy.files.safe_files import BadPath, SafeDir
from agentproxy.server.workspace.workspace_files import (
    AccessDenied,
    allowed_names,
    leads_away,
)
from agentproxy.tools.own_folders import is_own

MAX_FILE_BYTES = 10 << 20
MAX_FILES = 20
PIECE = 1 << 20
FIELD = b"files"
RESTRICTED = "Cannot upload into restricted directory"
FULL = frozenset({errno.ENOSPC, errno.EDQUOT})


class UploadRefused(Exception):
    """An upload that is not taken, with the status of the answer."""

    def __init__(self, status: int, why: str) -> None:
        super().__init__(why)
        self.status = status


@dataclass
class _Part:
    """A file of the form, and its place in the spool."""

    name: str
    start: int
    size: int = 0


@dataclass
class FormReader:
    """Takes a form in pieces. Only the files of the field `files` are kept, in the spool."""

    boundary: bytes
    spool: IO[bytes]
    parts: list[_Part] = field(default_factory=list[_Part])
    _part: _Part | None = None
    _header: bytearray = field(default_factory=bytearray)
    _value: bytearray = field(default_factory=bytearray)
    _disposition: bytes = b""
    _ended: bool = False

    def __post_init__(self) -> None:
        self._parser = MultipartParser(
            self.boundary,
            {  # The parser limits the headers of a part.
                "on_part_begin": self._begin,
                "on_header_field": self._name,
                "on_header_value": self._text,
                "on_header_end": self._header_ended,
                "on_headers_finished": self._headers_ended,
                "on_part_data": self._data,
                "on_part_end": self._part_ended,
                "on_end": self._all_ended,
            },
        )

    def feed(self, data: bytes) -> None:
        """Raises UploadRefused, FormParserError, OSError."""
        self._parser.write(data)

    def files(self) -> Sequence[_Part]:
        """Returns the files of a form that is read. Raises UploadRefused."""
        if not self._ended:
            raise UploadRefused(400, "the form has no end: it is not complete")
        names = [part.name for part in self.parts]
        for name in names:
            if names.count(name) > 1:
                raise UploadRefused(422, f"two files have the name '{name}'")
        return self.parts

    def _begin(self) -> None:
        self._disposition = b""
        self._header.clear()
        self._value.clear()

    def _name(self, data: bytes, start: int, end: int) -> None:
        self._header += data[start:end]

    def _text(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def _header_ended(self) -> None:
        if bytes(self._header).lower() == b"content-disposition":
            self._disposition = bytes(self._value)
        self._header.clear()
        self._value.clear()

    def _headers_ended(self) -> None:
        _, options = parse_options_header(self._disposition)
        name = _last_name(options.get(b"filename", b""))
        if options.get(b"name") != FIELD or not name:
            return
        if len(self.parts) == MAX_FILES:
            raise UploadRefused(413, f"an upload has at most {MAX_FILES} files")
        self._part = _Part(name, self.spool.tell())
        self.parts.append(self._part)

    def _data(self, data: bytes, start: int, end: int) -> None:
        part = self._part
        if part is None:
            return
        part.size += end - start
        if part.size > MAX_FILE_BYTES:
            raise UploadRefused(413, f"File '{part.name}' exceeds 10 MB limit (10.0 MB)")
        self.spool.write(data[start:end])

    def _part_ended(self) -> None:
        self._part = None

    def _all_ended(self) -> None:
        self._ended = True


def place_files(reader: FormReader, workspace: Path, *, subdir: str) -> list[str]:
    """Puts the files into a folder of the workspace. Returns their paths. Raises UploadRefused."""
    parts = reader.files()
    folder = _folder_names(subdir)
    paths = ["/".join((*folder, *_names(part.name))) for part in parts]
    try:
        workspace.mkdir(parents=True, exist_ok=True, mode=0o700)
        with SafeDir(workspace, links=False) as root, ExitStack() as stack:
            keeps = [
                stack.enter_context(root.staged(path, _pieces(reader.spool, part)))
                for path, part in zip(paths, parts, strict=True)
            ]
            for keep in keeps:
                keep()
    except BadPath as error:
        if leads_away(error):
            raise UploadRefused(403, "Access denied") from None
        raise UploadRefused(409, str(error)) from None
    except OSError as error:
        status = 507 if error.errno in FULL else 409
        raise UploadRefused(status, f"the files cannot be written: {error.strerror}") from None
    return paths


def _folder_names(subdir: str) -> tuple[str, ...]:
    subdir = subdir.rstrip("/")
    if subdir in ("", "."):
        return ()
    return _names(subdir)


def _names(path: str) -> tuple[str, ...]:
    if is_own(path.split("/")):
        raise UploadRefused(403, RESTRICTED)
    try:
        return allowed_names(path)
    except AccessDenied:
        raise UploadRefused(403, "Access denied") from None


def _last_name(name: bytes) -> str:
    # Old browsers send the whole path of the file on the user's machine.
    return name.decode(errors="replace").replace("\\", "/").rpartition("/")[2]


def _pieces(spool: IO[bytes], part: _Part) -> Iterator[bytes]:
    place, end = part.start, part.start + part.size
    spool.flush()
    while place < end:
        piece = os.pread(spool.fileno(), min(PIECE, end - place), place)
        if not piece:
            raise OSError(errno.EIO, "the upload was cut off on the disk")
        place += len(piece)
        yield piece
