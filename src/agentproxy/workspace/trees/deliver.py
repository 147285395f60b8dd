"""Delivers a claim as a branch, or as a patch if a branch is impossible."""

from pathlib import Path

from agentproxy.events.git_facts import BaseRecorded, ClaimRecorded, Delivered
from agentproxy.workspace.git.command import GitError, GitLocation, git
from agentproxy.workspace.git.filenames import in_a_sentence
from agentproxy.workspace.git.merge import merge_trees
from agentproxy.workspace.git.objects import OURS, commit_tree, parents_of, tree_of
from agentproxy.workspace.git.repository import Repository, object_id
from agentproxy.workspace.git.scratch_git_dir import own_git

MAX_SHOWN_CONFLICTS = 5
APART = (
    "the branch starts at HEAD and does not have the uncommitted changes of the base. "
    "The checks ran with those changes, not on the branch alone"
)


async def deliver(
    repo: Repository,
    run: str,
    *,
    base: BaseRecorded,
    claim: ClaimRecorded,
    message: str,
    apart: str,
    folder: Path,
) -> Delivered:
    """Makes the branch `agentproxy/RUN` with one commit on the HEAD that the run started from.

    Never moves an existing branch. Writes a patch to `folder` if the claim needs uncommitted work
    or the branch cannot be made. `apart` is the commit's message if its tree is not the claim's.
    """
    branch = f"agentproxy/{run}"
    with own_git(repo) as where:
        if claim.tree == base.tree:
            return Delivered(notes=("the claim changes nothing",))
        notes: list[str] = []
        tree = claim.tree
        if base.commit != base.head:
            head_tree = await tree_of(where, base.head)
            merged = await merge_trees(where, base=base.tree, ours=head_tree, theirs=claim.tree)
            if merged.conflicts:
                note = _needs_uncommitted(merged.conflicts)
                return await _patch(where, run, base=base, claim=claim, folder=folder, note=note)
            tree = merged.tree
            if tree != claim.tree:
                # No check has run on this tree, so its commit must not say "Verified".
                message = apart
                notes.append(APART)
        commit = await _commit(repo, where, tree, head=base.head, message=message, branch=branch)
        if not commit:
            note = f"the branch {branch} exists already and has other changes"
            return await _patch(where, run, base=base, claim=claim, folder=folder, note=note)
        try:
            await _create(repo, f"refs/heads/{branch}", commit)
        except GitError as error:
            note = f"the branch {branch} cannot be made: {error.said}"
            return await _patch(where, run, base=base, claim=claim, folder=folder, note=note)
        return Delivered(branch=branch, commit=commit, notes=tuple(notes))


async def _commit(
    repo: Repository, where: GitLocation, tree: str, *, head: str, message: str, branch: str
) -> str:
    existing = await object_id(repo, f"refs/heads/{branch}")
    # A run that is resumed delivers again: its own earlier branch is no conflict.
    if existing:
        same = await tree_of(where, existing) == tree
        return existing if same and await parents_of(where, existing) == (head,) else ""
    known = repo.settings.name and repo.settings.email
    author = (repo.settings.name, repo.settings.email) if known else OURS
    return await commit_tree(where, tree, parents=[head], message=message, author=author)


async def _create(repo: Repository, ref: str, commit: str) -> None:
    # With an old value of zeros, `update-ref` refuses a branch that is there already.
    nothing = "0" * len(commit)
    try:
        await git(
            "-c", "core.logAllRefUpdates=false", "update-ref", ref, commit, nothing,
            where=repo.theirs,
        )  # fmt: skip
    except GitError:
        if await object_id(repo, ref) != commit:
            raise


async def _patch(
    where: GitLocation,
    run: str,
    *,
    base: BaseRecorded,
    claim: ClaimRecorded,
    folder: Path,
    note: str,
) -> Delivered:
    printed = await git(
        "diff-tree", "-p", "--binary", "--full-index", "--no-renames", "--no-ext-diff",
        "--no-textconv", base.tree, claim.tree, where=where,
    )  # fmt: skip
    place = _write(folder / f"{run.replace('/', '-')}.patch", printed)
    return Delivered(patch=str(place), notes=(note, f"the patch applies to {base.ref}"))


def _write(place: Path, content: bytes) -> Path:
    place.parent.mkdir(parents=True, exist_ok=True)
    # Renamed when complete: a crash must not leave half a patch under the final name.
    part = place.with_name(f".{place.name}.part")
    part.write_bytes(content)
    part.replace(place)
    return place


def _needs_uncommitted(conflicts: tuple[bytes, ...]) -> str:
    shown = ", ".join(in_a_sentence(name) for name in conflicts[:MAX_SHOWN_CONFLICTS])
    more = ", ..." if len(conflicts) > MAX_SHOWN_CONFLICTS else ""
    return (
        f"the claim depends on uncommitted changes in {shown}{more}, "
        "so it is delivered as a patch, not as a branch"
    )
