"""Delivery: a branch that starts at HEAD and carries the claim, or a patch where that is not so."""

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
    "the branch starts at HEAD, without the uncommitted changes of the base: "
    "it was proven together with them, and not alone"
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
    """Make the branch `agentproxy/RUN`: one commit on the HEAD that the run started from.

    A branch of that name is never moved; where it carries the same already, all is well. Where the
    claim fits only on uncommitted work, there is a patch in `folder` instead, and a note. The
    commit says `message` where its tree is the claim's, and `apart` where uncommitted work is left
    out of it: nobody has checked that tree.
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
                message = apart
                notes.append(APART)
        commit = await _commit(repo, where, tree, head=base.head, message=message, branch=branch)
        if not commit:
            note = f"the branch {branch} is there already and carries something else"
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
    """The commit to deliver: what is there already if it is the same, "" if it is not."""
    existing = await object_id(repo, f"refs/heads/{branch}")
    if existing:
        same = await tree_of(where, existing) == tree
        return existing if same and await parents_of(where, existing) == [head] else ""
    known = repo.settings.name and repo.settings.email
    author = (repo.settings.name, repo.settings.email) if known else OURS
    return await commit_tree(where, tree, parents=[head], message=message, author=author)


async def _create(repo: Repository, ref: str, commit: str) -> None:
    """Make the branch only if there is none; one that points there already is as good."""
    if await object_id(repo, ref) == commit:
        return
    nothing = "0" * len(commit)
    await git(
        "-c", "core.logAllRefUpdates=false", "update-ref", ref, commit, nothing, where=repo.theirs
    )


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
    return Delivered(patch=str(place), notes=(note, f"the patch fits on {base.ref}"))


def _write(place: Path, content: bytes) -> Path:
    """Whole or not at all."""
    place.parent.mkdir(parents=True, exist_ok=True)
    part = place.with_name(f".{place.name}.part")
    part.write_bytes(content)
    part.replace(place)
    return place


def _needs_uncommitted(conflicts: tuple[bytes, ...]) -> str:
    shown = ", ".join(in_a_sentence(name) for name in conflicts[:MAX_SHOWN_CONFLICTS])
    more = ", ..." if len(conflicts) > MAX_SHOWN_CONFLICTS else ""
    return f"the claim needs uncommitted work in {shown}{more}: it is a patch, not a branch"
