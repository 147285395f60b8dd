"""Makes a commit of a claim with some files of the base (decision 12)."""

from collections.abc import Callable, Sequence

from agentproxy.workspace.git.repository import Repository
from agentproxy.workspace.trees.variants import Variant, read_versions, write_variant

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
    versions = await read_versions(repo, paths, base=base, claim=claim, most=MAX_SETTINGS_BYTES)
    restored = tuple(
        path
        for path, each in versions.items()
        if each.opaque or decides(path, each.before, each.after)
    )
    variant = Variant(restored=restored)
    commit, tree = await write_variant(
        repo, variant, base=base, claim=claim, ref=ref, message=MESSAGE
    )
    return commit, tree, restored
