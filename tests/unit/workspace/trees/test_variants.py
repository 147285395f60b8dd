"""Variants of a claim: both versions of its files, and trees with some of them exchanged."""

from pathlib import Path

import pytest
from support.repositories import (
    RUN,
    based,
    claimed,
    cloned,
    content_of,
    make_repository,
    opened,
    run,
    tree_files,
    user_git,
    write,
)

from agentproxy.workspace.trees.variants import (
    Kept,
    Variant,
    Versions,
    read_versions,
    write_variant,
    write_variants,
)

REF = f"refs/agentproxy/{RUN}/claim-1-without"


@pytest.fixture
def claim(tmp_path: Path) -> tuple[Path, str, str]:
    root = make_repository(
        tmp_path / "the repository", {"a.txt": "old\n", "gone.txt": "gone\n", "large.txt": "l\n"}
    )
    base = based(opened(root))
    tree = cloned(opened(root), base.commit, tmp_path / "clone")
    write(tree, {"a.txt": "new\n", "b.txt": "b\n", "twin.txt": "new\n", "large.txt": "x" * 101})
    (tree / "link").symlink_to("a.txt")
    (tree / "gone.txt").unlink()
    return root, base.commit, claimed(opened(root), tree, base).commit


def test_both_versions_are_read_and_what_is_no_plain_file_is_opaque(
    claim: tuple[Path, str, str],
) -> None:
    root, base, commit = claim
    names = ["a.txt", "b.txt", "twin.txt", "gone.txt", "large.txt", "link", "nowhere"]
    read = run(read_versions(opened(root), names, base=base, claim=commit, most=100))
    assert read == {
        "a.txt": Versions(b"old\n", b"new\n"),
        "b.txt": Versions(None, b"b\n"),
        "twin.txt": Versions(None, b"new\n"),
        "gone.txt": Versions(b"gone\n", None),
        "large.txt": Versions(opaque=True),
        "link": Versions(opaque=True),
    }


def test_files_are_put_back_taken_away_and_rewritten(claim: tuple[Path, str, str]) -> None:
    root, base, commit = claim
    variant = Variant(restored=["a.txt", "b.txt", "gone.txt"], rewritten={"twin.txt": b"stub\n"})
    written, _ = run(
        write_variant(opened(root), variant, base=base, claim=commit, ref=REF, message="m\n")
    )
    assert content_of(root, written, "a.txt") == b"old\n"
    assert content_of(root, written, "twin.txt") == b"stub\n"
    assert set(tree_files(root, written)) == {
        b"a.txt",
        b"gone.txt",
        b"large.txt",
        b"link",
        b"twin.txt",
    }


def test_a_variant_without_a_difference_is_the_claim(claim: tuple[Path, str, str]) -> None:
    root, base, commit = claim
    same = Variant(rewritten={"a.txt": b"new\n"})
    for variant in (Variant(), same):
        written, _ = run(
            write_variant(opened(root), variant, base=base, claim=commit, ref=REF, message="m\n")
        )
        assert written == commit


def test_many_variants_are_each_what_they_are_alone_and_an_earlier_one_stays(
    claim: tuple[Path, str, str],
) -> None:
    root, base, commit = claim
    variants = [
        Variant(restored=["a.txt", "gone.txt"]),
        Variant(),
        Variant(rewritten={"a.txt": b"stub\n", "b.txt": b"stub\n"}),
        Variant(restored=["b.txt"], rewritten={"a.txt": b"other\n"}),
    ]
    kept = [
        Kept(variant, ref=f"{REF}-{number}", message="m\n")
        for number, variant in enumerate(variants)
    ]
    alone = [
        run(write_variant(opened(root), each, base=base, claim=commit, ref=REF, message="m\n"))
        for each in variants
    ]
    together = run(write_variants(opened(root), kept, base=base, claim=commit))
    assert together == alone
    assert run(write_variants(opened(root), kept, base=base, claim=commit)) == alone
    again = [Kept(Variant(rewritten={"a.txt": b"new stub\n"}), ref=kept[0].ref, message="m\n")]
    [(other, _)] = run(write_variants(opened(root), again, base=base, claim=commit))
    earlier, below = alone[0][0], REF.rpartition("/")[0]
    refs = user_git(root, "for-each-ref", "--format=%(refname) %(objectname)", below).decode()
    found = dict(line.split() for line in refs.splitlines())
    assert (found[kept[0].ref], found[f"{kept[0].ref}-{earlier}"]) == (other, earlier)
    assert kept[1].ref not in found
