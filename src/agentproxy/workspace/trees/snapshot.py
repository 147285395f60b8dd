"""Reads a worker's files into a tree, by git in the sandbox."""

import os
import shlex
import stat
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from agentproxy.files.safe_files import BadPath, SafeDir
from agentproxy.workspace.git.alternates import alternates, object_mounts
from agentproxy.workspace.git.command import ENVIRONMENT, GitError, absolute_path, hardened
from agentproxy.workspace.git.filenames import in_a_sentence, join_names
from agentproxy.workspace.git.lfs import parse_filters
from agentproxy.workspace.git.objects import OBJECT_ID
from agentproxy.workspace.git.repository import Repository
from agentproxy.workspace.git.scratch_git_dir import make_git_dir
from agentproxy.workspace.sandbox.port import Job, JobLimits, Mount, Sandbox

OURS_INSIDE = "/run/agentproxy/claim"
TIME_LIMIT = 900.0  # seconds for one job
RESULT_LIMIT = 1 << 30  # bytes of one result
ERROR_CHARACTERS = 400  # from the end of the output
# The files must be readable even if git cannot apply the worker's attributes.
UNCONVERTED = b"* -text -eol -ident -filter -working-tree-encoding\n"


class Unreadable(GitError):
    """Git could not read the worker's files into a tree."""


@dataclass(frozen=True, slots=True)
class Reading:
    """Reads one tree. `folder` is empty at first, and gets the git directory and the results."""

    repository: Repository
    sandbox: Sandbox
    tree: Path
    folder: Path

    def prepare(self) -> None:
        """Makes the git directory for the other methods."""
        git_dir = make_git_dir(self.folder / "git", self.repository)
        listed = alternates(self.repository, inside=self.sandbox.isolates)
        (git_dir / "objects/info/alternates").write_bytes(listed)

    async def ignored(self, untracked: Sequence[bytes]) -> dict[bytes, str]:
        """Returns the ignored ones, each with the file and the pattern that ignore it."""
        # `check-ignore` refuses literal pathspecs; after "./" no name can be a magic one.
        self._put("untracked", join_names(b"./" + name for name in untracked))
        look = _git("check-ignore", "-v", "-z", "--stdin", "--no-index")
        # Exit code 1 says that nothing is ignored.
        await self._run(f"GIT_LITERAL_PATHSPECS=0 {look} <untracked >ignored || test $? = 1")
        return dict(_read_ignored(self._take("ignored").split(b"\0")))

    async def filters(self, names: Sequence[bytes]) -> dict[bytes, str]:
        self._put("names", join_names(names))
        await self._run(f"{_git('check-attr', '-z', '--stdin', 'filter')} <names >filters")
        return parse_filters(self._take("filters"))

    def ignore_attributes(self) -> None:
        (self.folder / "git/info/attributes").write_bytes(UNCONVERTED)

    async def write(
        self,
        base: str,
        *,
        removed: Iterable[bytes],
        new: Iterable[bytes],
        large: Mapping[bytes, bytes],
    ) -> str:
        """Writes the tree, and a pack with its new objects. Returns the tree's id.

        `large` has an index line with the pointer of each file under LFS.
        """
        update = ("update-index", "--add", "--remove", "--replace", "-z")
        lines = [_git("read-tree", base)]
        if gone := join_names(removed):
            self._put("removed", gone)
            lines.append(_git(*update, "--force-remove", "--stdin") + " <removed")
        if large:
            self._put("large", join_names(large))
            self._put("known", b"".join(large.values()))
            # Before --assume-unchanged, which fails for a name that is not in the index.
            lines.append(_git(*update, "--index-info") + " <known")
            lines.append(_git("update-index", "-z", "--assume-unchanged", "--stdin") + " <large")
        self._put("written", join_names(new))
        self._put("trees", f"^{base}^{{tree}}\n".encode())
        lines += [
            # Only changed files go to update-index: for an unchanged one it would write an object
            # again that the user's read-only store has.
            _git("ls-files", "-z", "--modified") + " >>written",
            _git(*update, "--stdin") + " <written",
            _git("write-tree") + " >>trees",
            _git("pack-objects", "--revs", "--stdout", "-q") + " <trees >pack",
        ]
        await self._run("\n".join(lines))
        written = self._take("trees").decode("ascii", "replace").splitlines()[-1:]
        if not written or not OBJECT_ID.fullmatch(written[0]):
            raise Unreadable("write-tree", 0, "git printed no tree id")
        return written[0]

    @property
    def pack(self) -> Path:
        place = self.folder / "pack"
        # The job reads untrusted files, so its results are untrusted too.
        if not stat.S_ISREG(place.lstat().st_mode):
            raise Unreadable("pack-objects", 0, "the pack is not a regular file")
        return place

    async def _run(self, script: str) -> None:
        root = str(self.repository.root) if self.sandbox.isolates else str(self.tree)
        ours = OURS_INSIDE if self.sandbox.isolates else str(self.folder)
        mounts = (
            Mount(at=root, mode="ro", source=self.tree),
            *object_mounts(self.repository),
            Mount(at=OURS_INSIDE, mode="rw", source=self.folder),
        )
        env = {
            **ENVIRONMENT,
            "PATH": absolute_path(os.environ),
            "GIT_DIR": f"{ours}/git",
            "GIT_WORK_TREE": root,
            "GIT_INDEX_FILE": f"{ours}/index",
        }
        job = Job(
            argv=("sh", "-euc", script),
            cwd=ours,
            env=env,
            mounts=mounts if self.sandbox.isolates else (),
            limits=JobLimits(seconds=TIME_LIMIT),
        )
        ended = await self.sandbox.run(job)
        if ended.exit_code != 0 or ended.killed:
            said = ended.killed or ended.output.strip()[-ERROR_CHARACTERS:]
            raise Unreadable("in the sandbox", ended.exit_code, said)

    def _put(self, name: str, content: bytes) -> None:
        (self.folder / name).write_bytes(content)

    def _take(self, name: str) -> bytes:
        try:
            # No links: one could show a file of the host.
            with SafeDir(self.folder, links=False) as folder:
                return folder.read(name, limit=RESULT_LIMIT)
        except (BadPath, OSError) as error:
            raise Unreadable("in the sandbox", 0, f"the result {name} is missing") from error


def _read_ignored(fields: Sequence[bytes]) -> Iterator[tuple[bytes, str]]:
    """Reads what `check-ignore -v -z` prints: source, line, pattern and name of each path."""
    for source, _, pattern, name in zip(*(iter(fields),) * 4, strict=False):
        # It prints the paths too that a pattern takes back.
        if pattern.startswith(b"!"):
            continue
        file = b".git/info/exclude" if source.endswith(b"/info/exclude") else source
        yield name.removeprefix(b"./"), f"{in_a_sentence(file)}: {in_a_sentence(pattern)}"


def _git(*args: str) -> str:
    # The shell ignores failures in a pipe, except for its last command.
    # No fsync: the pack becomes durable when it is imported.
    return shlex.join(["git", *hardened(("-c", "core.fsync=none", *args))])
