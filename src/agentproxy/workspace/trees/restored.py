"""Makes a commit of a claim with some files of the base (decision 12)."""

from collections.abc import Callable, Sequence

from agentproxy.workspace.git.command import GitLocation, git
from agentproxy.workspace.git.filenames import as_text
from agentproxy.workspace.git.objects import (
    GITLINK,
    TreeEntry,
    commit_tree,
    date_of,
    list_tree,
    read_blob,
    tree_of,
)
from agentproxy.workspace.git.repository import Repository, set_ref
from agentproxy.workspace.git.scratch_git_dir import own_git
from agentproxy.workspace.trees.variants import restoring_line

MESSAGE = "The claim, with tests and settings of the base\n"
MAX_SETTINGS_BYTES = 1 << 20  # larger files are restored without a look at their content
Decides = Callable[[str, bytes | None, bytes | None], bool]


async def restore_files(
    repo: Repository, paths: Sequence[str], *, base: str, claim: str, ref: str, decides: Decides
) -> tuple[str, str, tuple[str, ...]]:
    """Replaces files of a claim by those of the base, and keeps the commit under `ref`.

    Returns the commit, its tree, and the restored paths; the claim's commit if there are none.
    Deletes a path that the base does not have. `decides` gets a path and both contents, and says
    whether to restore the file. The same files give the same commit.
    """
    with own_git(repo) as where:
        wanted = set(paths)
        old = {as_text(entry.name): entry for entry in await list_tree(where, base)}
        new = {as_text(entry.name): entry for entry in await list_tree(where, claim)}
        restored = [
            path
            for path in sorted(wanted & (old.keys() | new.keys()))
            if await _differs(where, path, (old.get(path), new.get(path)), decides=decides)
        ]
        if not restored:
            return claim, await tree_of(where, claim), ()
        lines = [restoring_line(old.get(path), new.get(path)) for path in restored]
        await git("read-tree", claim, where=where)
        await git("update-index", "-z", "--index-info", where=where, stdin=b"".join(lines))
        tree = (await git("write-tree", "--missing-ok", where=where)).decode().strip()
        date = await date_of(where, base)
        commit = await commit_tree(where, tree, parents=[claim], message=MESSAGE, date=date)
    await set_ref(repo, ref, commit)
    return commit, tree, tuple(restored)


async def _differs(
    where: GitLocation,
    path: str,
    versions: tuple[TreeEntry | None, TreeEntry | None],
    *,
    decides: Decides,
) -> bool:
    texts: list[bytes | None] = []
    for entry in versions:
        if entry is not None and (
            entry.mode == GITLINK or await _size(where, entry) > MAX_SETTINGS_BYTES
        ):
            return True
        texts.append(await read_blob(where, entry.oid) if entry is not None else None)
    return decides(path, texts[0], texts[1])


async def _size(where: GitLocation, entry: TreeEntry) -> int:
    return int(await git("cat-file", "-s", entry.oid, where=where))
