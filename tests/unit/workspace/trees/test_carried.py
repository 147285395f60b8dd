"""What the patterns of `carry` mean: what they mean in .gitignore."""

from pathlib import Path

import pytest
from support.repositories import make_repository, opened, run, write

from agentproxy.workspace.trees.carried import carried_files

FILES = {
    "a.so": "", "src/pkg/_version.py": "", "src/pkg/b.so": "", "src/pkg/deep/c.so": "",
    "dist/x/index.js": "", "sub/dist/y.js": "", ".env": "", "sub/.env": "",
}  # fmt: skip


@pytest.mark.parametrize(
    ("patterns", "files"),
    [
        (["src/pkg/_version.py"], ["src/pkg/_version.py"]),
        (["src/pkg/*.so"], ["src/pkg/b.so"]),
        (["*.so"], ["a.so", "src/pkg/b.so", "src/pkg/deep/c.so"]),
        (["src/**/*.so"], ["src/pkg/b.so", "src/pkg/deep/c.so"]),
        ([".env"], [".env", "sub/.env"]),
        (["dist/"], ["dist/x/index.js", "sub/dist/y.js"]),
        (["sub/dist"], ["sub/dist/y.js"]),
        (["*.so", "!a.so"], ["src/pkg/b.so", "src/pkg/deep/c.so"]),
        (["[ab].so"], ["a.so", "src/pkg/b.so"]),
        (["tracked.so"], ["tracked.so"]),
        (["tracked.*"], []),
        (["absent"], []),
    ],
)
def test_a_pattern_of_carry_means_what_it_means_in_gitignore(
    tmp_path: Path, patterns: list[str], files: list[str]
) -> None:
    root = make_repository(tmp_path / "project", {"tracked.so": ""})
    write(root, FILES)
    repo = opened(root)
    found, notes = run(carried_files(repo, patterns, base=repo.head))
    assert found == files
    assert notes == ([] if files else [f"carry: nothing matches {patterns[0]!r}"])
