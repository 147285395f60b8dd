"""Facts about a claim and the branch that it is for, which may have moved meanwhile."""

from typing import Literal

from agentproxy.events.envelope import Fact


class TargetMerged(Fact):
    """A claim was merged with where its branch stands now; nothing of the user's was touched.

    `commit` and `tree` are the merge, kept under a ref of ours; "" where there is none.
    """

    kind: Literal["target_merged"] = "target_merged"
    round: int
    outcome: Literal["clean", "conflict"]
    target: str  # the commit of the branch
    target_tree: str
    commit: str = ""
    tree: str = ""
    conflicts: tuple[str, ...] = ()
