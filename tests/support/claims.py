"""A worker's clone, what it does there, and the claim that comes of it."""

from pathlib import Path

from support.repositories import based, claimed, cloned, in_clone, opened, tree_files

from agentproxy.events.git_facts import BaseRecorded, ClaimRecorded
from agentproxy.workspace.git.repository import Repository
from agentproxy.workspace.trees.claim import DEFAULT_BOUNDS
from agentproxy.workspace.trees.claim_bounds import ClaimBounds


class Work:
    """A repository, its base, and a worker's clone of it."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.repo: Repository = opened(root)
        self.base: BaseRecorded = based(self.repo)
        self.tree: Path = cloned(self.repo, self.base.commit, root.parent / "clone")

    def script(self, script: str) -> None:
        in_clone(self.repo, self.tree, script)

    def claim(self, bounds: ClaimBounds = DEFAULT_BOUNDS) -> ClaimRecorded:
        return claimed(self.repo, self.tree, self.base, bounds=bounds)

    def paths(self, claim: ClaimRecorded) -> set[bytes]:
        return set(tree_files(self.root, claim.commit))
