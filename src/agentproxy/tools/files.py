"""read_file, write_file and edit_file: files of the worker's own tree only."""

import asyncio
from collections.abc import Callable
from pathlib import Path

from agentproxy.files.pathnames import names_of
from agentproxy.files.safe_files import BadPath, SafeDir
from agentproxy.models.port import ToolSpec
from agentproxy.tools.port import (
    Arguments,
    BadArguments,
    Bench,
    Permission,
    ToolOutcome,
    failure,
    number_of,
    schema,
    text_of,
)

MAX_FILE_BYTES = 8 << 20
MAX_ANSWER_CHARACTERS = 100_000
OWN = "{folder} belongs to Agent Proxy: what is in it changes only through the tools for it"


class ReadFile:
    """Reads a file, whole or its first lines."""

    spec = ToolSpec(
        "read_file",
        "Read a text file of the repository.",
        schema({"path": "relative to the working directory"}, {"limit": "the most lines to read"}),
    )

    def permission(self, arguments: Arguments) -> Permission:
        return Permission("read", text_of(arguments, "path"))

    async def run(self, arguments: Arguments, bench: Bench) -> ToolOutcome:
        limit = number_of(arguments, "limit")

        def read(root: SafeDir, path: str) -> ToolOutcome:
            text = root.read(path, limit=MAX_FILE_BYTES).decode(errors="replace")
            lines = text.splitlines()
            if limit is not None and len(lines) > limit:
                text = "\n".join([*lines[:limit], f"... ({len(lines) - limit} more lines)"])
            if len(text) > MAX_ANSWER_CHARACTERS:
                more = len(text) - MAX_ANSWER_CHARACTERS
                shown = text[:MAX_ANSWER_CHARACTERS]
                text = f"{shown}\n... ({more} more characters; use bash to read a part of the file)"
            return ToolOutcome(text)

        return await with_file(arguments, bench, read)


class WriteFile:
    """Creates a file, or replaces the whole file."""

    spec = ToolSpec(
        "write_file",
        "Create a file of the repository, or replace the whole file. Missing folders are created.",
        schema({"path": "relative to the working directory", "content": "the whole text"}),
    )

    def permission(self, arguments: Arguments) -> Permission:
        return Permission("write", text_of(arguments, "path"))

    async def run(self, arguments: Arguments, bench: Bench) -> ToolOutcome:
        # A model may send half of a surrogate pair in JSON. It is written as the model sent it.
        data = text_of(arguments, "content").encode(errors="surrogatepass")

        def write(root: SafeDir, path: str) -> ToolOutcome:
            root.write(path, data)
            return ToolOutcome(f"Wrote {len(data)} bytes to {text_of(arguments, 'path')}")

        return await with_file(arguments, bench, write, writes=True)


class EditFile:
    """Replaces one text in a file."""

    spec = ToolSpec(
        "edit_file",
        "Replace a text in a file of the repository. The text must occur exactly once.",
        schema(
            {
                "path": "relative to the working directory",
                "old_text": "the text to replace, exactly as in the file",
                "new_text": "the text that replaces it",
            }
        ),
    )

    def permission(self, arguments: Arguments) -> Permission:
        return Permission("write", text_of(arguments, "path"))

    async def run(self, arguments: Arguments, bench: Bench) -> ToolOutcome:
        path = text_of(arguments, "path")
        old, new = text_of(arguments, "old_text"), text_of(arguments, "new_text")
        if not old:
            raise BadArguments("'old_text' must not be empty")

        def edit(root: SafeDir, inner: str) -> ToolOutcome:
            data = root.read(inner, limit=MAX_FILE_BYTES)
            count = data.count(old.encode())
            if count == 0:
                return failure(f"Text not found in {path}")
            if count > 1:
                return failure(
                    f"old_text appears {count} times in {path}. "
                    "Provide a larger, unique snippet to avoid ambiguity."
                )
            root.write(inner, data.replace(old.encode(), new.encode()))
            return ToolOutcome(f"Edited {path}")

        return await with_file(arguments, bench, edit, writes=True)


async def with_file(
    arguments: Arguments,
    bench: Bench,
    do: Callable[[SafeDir, str], ToolOutcome],
    *,
    writes: bool = False,
) -> ToolOutcome:
    """Does something with the file that `path` names. What cannot be done is a failed outcome."""
    # Calls of one answer run side by side. Two edits of one file would lose one of them.
    async with bench.file_lock:
        return await asyncio.to_thread(_do_with_file, arguments, bench, do, writes=writes)


def _do_with_file(
    arguments: Arguments,
    bench: Bench,
    do: Callable[[SafeDir, str], ToolOutcome],
    *,
    writes: bool,
) -> ToolOutcome:
    path = text_of(arguments, "path")
    try:
        inner, guarded = _relative_to_tree(path, bench), writes and bool(bench.own_folders)
        if guarded:
            inner = _without_links(inner, bench)
            if inner.split("/")[0].casefold() in bench.own_folders:
                return failure(OWN.format(folder=inner.split("/")[0]))
        # A link that comes to be meanwhile is not followed where folders are guarded.
        with SafeDir(bench.tree, links=not guarded) as root:
            return do(root, inner)
    except BadPath as error:
        # `BadPath.why` is a fixed text: see files/safe_files.py and files/pathnames.py.
        escapes = error.why.startswith("leads") or "absolute" in error.why
        return failure(f"Path escapes workspace: {path}" if escapes else str(error))
    except UnicodeEncodeError:
        return failure("the text contains half of a surrogate pair")
    except OSError as error:
        return failure(f"{error.strerror}: {path}")


def _relative_to_tree(path: str, bench: Bench) -> str:
    # Models also use absolute paths, as they see them inside the sandbox.
    root = bench.place.root.rstrip("/") + "/"
    if path.startswith(root):
        return path.removeprefix(root)
    return path if path.startswith("/") else str(Path(bench.place.directory) / path)


def _without_links(path: str, bench: Bench) -> str:
    """Returns a path of the tree with the links of its folders resolved. Raises BadPath."""
    *folders, last = names_of(path)
    tree = bench.tree.resolve()
    real = tree.joinpath(*folders).resolve()
    if not real.is_relative_to(tree):
        raise BadPath(path, "leads out of the folder")
    return str(real.relative_to(tree) / last)
