"""What is shown of a file before it is downloaded."""

import mimetypes
import os
from typing import Any

from agentproxy.server.workspace.workspace_files import OpenFile

MAX_PREVIEW = 102_400
MAX_BYTES_OF_A_CHARACTER = 4
LOOKED_AT_FOR_NUL = 8192
TRUNCATED = "\n\n... (truncated at 100 KB)"
BINARY = {"pdf", "docx", "xlsx", "pptx", "zip", "tar", "gz", "bz2", "7z", "rar", "exe", "dll",
          "so", "dylib", "png", "jpg", "jpeg", "gif", "bmp", "ico", "webp", "mp3", "mp4", "wav",
          "avi", "mov"}  # fmt: skip
LANGUAGES = {
    "py": "python", "js": "javascript", "ts": "typescript", "tsx": "tsx", "jsx": "jsx",
    "json": "json", "html": "html", "css": "css", "md": "markdown", "yml": "yaml", "yaml": "yaml",
    "toml": "toml", "xml": "xml", "sql": "sql", "sh": "bash", "bash": "bash", "zsh": "bash",
    "rs": "rust", "go": "go", "java": "java", "c": "c", "h": "c", "cpp": "cpp", "hpp": "cpp",
    "rb": "ruby", "php": "php", "swift": "swift", "kt": "kotlin", "r": "r", "csv": "plaintext",
    "txt": "plaintext", "log": "plaintext", "env": "plaintext", "ini": "ini", "cfg": "ini",
    "dockerfile": "dockerfile", "makefile": "makefile",
}  # fmt: skip
# Not the system's tables: they differ from machine to machine.
TYPES = mimetypes.MimeTypes()


def preview_of(file: OpenFile) -> dict[str, Any]:
    """Returns the preview of an open file. Raises OSError."""
    suffix = os.path.splitext(file.name)[1].lower().removeprefix(".")  # noqa: PTH122 - a name
    language = LANGUAGES.get(suffix)
    text = None if _is_binary(file.name, suffix) else _text_of(file)
    return {
        "path": file.path,
        "name": file.name,
        "size": file.size,
        "content": text,
        "binary": text is None,
        "language": language,
    }


def _is_binary(name: str, suffix: str) -> bool:
    if suffix in BINARY:
        return True
    if suffix in LANGUAGES:
        return False
    guessed = TYPES.guess_type(name)[0] or ""
    kind = guessed.partition("/")[0]
    return kind in ("image", "audio", "video") or guessed == "application/octet-stream"


def _text_of(file: OpenFile) -> str | None:
    found = bytearray()
    most = MAX_PREVIEW * MAX_BYTES_OF_A_CHARACTER
    while len(found) < most and (piece := file.data.read(most - len(found))):
        found += piece
    if b"\0" in found[:LOOKED_AT_FOR_NUL]:
        return None
    text = found.decode(errors="replace")
    cut = len(text) > MAX_PREVIEW or len(found) < file.size
    return text[:MAX_PREVIEW] + TRUNCATED if cut else text
