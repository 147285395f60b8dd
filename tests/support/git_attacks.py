"""Forty ways to make git run a program of somebody else's, each with the command that falls for it.

`plant` gets a repository and the path of a program, and makes git in that repository run it.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from support.repositories import user_git, write

Plant = Callable[[Path, str], object]
Command = tuple[str, ...]
STATUS: Command = ("status",)
TOUCH: Command = ("sh", "touch a.txt; sleep 0.01; printf x >>a.txt")


@dataclass(frozen=True)
class Attack:
    """`falls` are the commands of an ordinary day that run the program; none if it cannot work
    on git 2.39, and then `vacuous` says why. `at` is the folder where they are given.
    """

    name: str
    plant: Plant
    falls: tuple[Command, ...] = ()
    vacuous: str = ""
    at: str = "."
    terminal: bool = False


def config(*pairs: str) -> Plant:
    """Set configuration; `%` stands for the program."""

    def plant(root: Path, program: str) -> None:
        for key, value in zip(pairs[0::2], pairs[1::2], strict=True):
            user_git(root, "config", key, value.replace("%", program))

    return plant


def hook(name: str, folder: str = ".git/hooks") -> Plant:
    def plant(root: Path, program: str) -> None:
        write(root, {f"{folder}/{name}": f"#!/bin/sh\nexec {program}\n"})
        (root / folder / name).chmod(0o755)

    return plant


def attributes(line: str, *, of: str = ".gitattributes") -> Plant:
    return lambda root, program: write(root, {of: f"{line}\n"})


def both(*plants: Plant) -> Plant:
    def plant(root: Path, program: str) -> None:
        for one in plants:
            one(root, program)

    return plant


def embedded(root: Path, program: str) -> None:
    """A bare repository as ordinary files; its configuration makes it look at the tree around."""
    user_git(root, "init", "-q", "--bare", "inner")
    user_git(root / "inner", "config", "core.bare", "false")
    user_git(root / "inner", "config", "core.worktree", "..")
    user_git(root / "inner", "config", "core.fsmonitor", program)


def git_file(root: Path, program: str) -> None:
    """A `.git` file that leads to a git directory with another name."""
    user_git(root, "init", "-q", "sub")
    user_git(root / "sub", "config", "core.fsmonitor", program)
    (root / "sub/.git").rename(root / "elsewhere")
    write(root, {"sub/.git": "gitdir: ../elsewhere\n", "sub/x": "x"})


def included(root: Path, program: str) -> None:
    write(root, {"tool.cfg": f"[core]\n\tfsmonitor = {program}\n"})
    user_git(root, "config", "include.path", "../tool.cfg")


def work_tree_config(root: Path, program: str) -> None:
    user_git(root, "config", "extensions.worktreeConfig", "true")
    user_git(root, "config", "--worktree", "core.fsmonitor", program)


def merging(root: Path, program: str) -> None:
    """Two branches that both change a file whose merge has a driver."""
    user_git(root, "config", "merge.evil.driver", program)
    write(root, {".gitattributes": "*.txt merge=evil\n"})
    user_git(root, "add", "-A")
    user_git(root, "commit", "-qm", "attributes")
    user_git(root, "checkout", "-q", "-b", "other")
    write(root, {"a.txt": "theirs\n"})
    user_git(root, "commit", "-qam", "theirs")
    user_git(root, "checkout", "-q", "-b", "mine", "HEAD^")
    write(root, {"a.txt": "ours\n"})
    user_git(root, "commit", "-qam", "ours")


def signed(root: Path, program: str) -> None:
    """A commit with a signature that looking at the log would verify."""
    user_git(root, "config", "gpg.program", program)
    user_git(root, "config", "log.showSignature", "true")
    head = user_git(root, "cat-file", "commit", "HEAD")
    header, _, text = head.partition(b"\n\n")
    signature = b"gpgsig -----BEGIN PGP SIGNATURE-----\n \n x\n -----END PGP SIGNATURE-----"
    made = user_git(
        root, "hash-object", "-t", "commit", "-w", "--stdin",
        stdin=header + b"\n" + signature + b"\n\n" + text,
    )  # fmt: skip
    user_git(root, "update-ref", "HEAD", made.strip())


def evil_submodule(root: Path, program: str) -> None:
    head = user_git(root, "rev-parse", "HEAD").decode().strip()
    write(root, {".gitmodules": f'[submodule "m"]\n\tpath = m\n\turl = ext::{program}\n'})
    user_git(root, "update-index", "--add", "--cacheinfo", f"160000,{head},m")
    user_git(root, "config", "protocol.ext.allow", "always")


def commanding_submodule(root: Path, program: str) -> None:
    """A submodule that is moved on and would be brought back by a program."""
    allowed = ("-c", "protocol.file.allow=always")
    user_git(root, *allowed, "submodule", "add", "-q", str(root), "m")
    user_git(root, "commit", "-qm", "submodule")
    user_git(root / "m", "commit", "-q", "--allow-empty", "-m", "moved on")
    user_git(root, "config", "submodule.m.update", f"!{program}")


def lazy(root: Path, program: str) -> None:
    """A promisor remote: a missing object makes git fetch, and that runs a program."""
    for key, value in {
        "core.repositoryFormatVersion": "1",
        "extensions.partialClone": "origin",
        "remote.origin.promisor": "true",
        "remote.origin.url": str(root),
        "remote.origin.uploadpack": program,
    }.items():
        user_git(root, "config", key, value)
    blob = user_git(root, "hash-object", "-w", "--stdin", stdin=b"lost\n").decode().strip()
    user_git(root, "update-index", "--add", "--cacheinfo", f"100644,{blob},lost.txt")
    user_git(root, "commit", "-qm", "lost")
    (root / ".git/objects" / blob[:2] / blob[2:]).unlink()


def alternates(root: Path, program: str) -> None:
    user_git(root, "init", "-q", "--bare", "../store.git")
    write(root, {".git/objects/info/alternates": f"{root.parent}/store.git/objects\n"})
    user_git(root, "config", "core.alternateRefsCommand", program)


def refs_like_switches(root: Path, program: str) -> None:
    head = user_git(root, "rev-parse", "HEAD").decode().strip()
    write(root, {f".git/refs/heads/--upload-pack={program.replace('/', '_')}": f"{head}\n"})


FILTERED = "*.txt filter=evil"
INFO = ".git/info/attributes"
ADD: tuple[Command, ...] = (TOUCH, ("add", "-A"))
CHECKOUT: tuple[Command, ...] = (("sh", "rm -f a.txt"), ("checkout", "--", "a.txt"))
COMMIT: tuple[Command, ...] = (("commit", "--allow-empty", "-m", "x"),)
SWITCH: tuple[Command, ...] = (("checkout", "-q", "--detach"),)
FETCH: tuple[Command, ...] = (("fetch", "origin"),)

ATTACKS = (
    Attack("core.fsmonitor", config("core.fsmonitor", "%"), (STATUS,)),
    Attack("hook pre-commit", hook("pre-commit"), COMMIT),
    Attack("hook post-checkout", hook("post-checkout"), SWITCH),
    Attack("hook post-index-change", hook("post-index-change"), ADD),
    Attack("hook reference-transaction", hook("reference-transaction"), COMMIT),
    Attack(
        "core.hooksPath",
        both(config("core.hooksPath", "tools"), hook("reference-transaction", "tools")),
        COMMIT,
    ),
    Attack("filter clean", both(config("filter.evil.clean", "%"), attributes(FILTERED)), ADD),
    Attack(
        "filter smudge", both(config("filter.evil.smudge", "%"), attributes(FILTERED)), CHECKOUT
    ),
    Attack("filter process", both(config("filter.evil.process", "%"), attributes(FILTERED)), ADD),
    Attack(
        "filter clean by info",
        both(config("filter.evil.clean", "%"), attributes(FILTERED, of=INFO)),
        ADD,
    ),
    Attack(
        "filter smudge by info",
        both(config("filter.evil.smudge", "%"), attributes(FILTERED, of=INFO)),
        CHECKOUT,
    ),
    Attack(
        "filter process by info",
        both(config("filter.evil.process", "%"), attributes(FILTERED, of=INFO)),
        ADD,
    ),
    Attack(
        "filter clean on status",
        both(config("filter.evil.clean", "%"), attributes(FILTERED)),
        # Of the same size, so that git must look at the content.
        (("sh", "cp a.txt x; sleep 0.01; cat x >a.txt; touch a.txt; rm x"), STATUS),
    ),
    Attack("diff.external", config("diff.external", "%"), (TOUCH, ("diff",))),
    Attack(
        "diff driver",
        both(config("diff.evil.command", "%"), attributes("*.txt diff=evil")),
        (TOUCH, ("diff",)),
    ),
    Attack(
        "textconv",
        both(config("diff.evil.textconv", "%"), attributes("*.txt diff=evil")),
        (TOUCH, ("diff",)),
    ),
    Attack(
        "textconv in the log",
        both(config("diff.evil.textconv", "%"), attributes("*.txt diff=evil")),
        (("log", "-p"),),
    ),
    Attack("core.editor", config("core.editor", "%"), (("commit", "--allow-empty"),)),
    Attack("core.pager", config("core.pager", "%"), (("log",),), terminal=True),
    Attack("sequence.editor", config("sequence.editor", "%"), (("rebase", "-i", "--root"),)),
    Attack(
        "gpg.program on commit",
        config("gpg.program", "%", "commit.gpgSign", "true"),
        COMMIT,
    ),
    Attack("gpg.program on log", signed, (("log",),)),
    Attack("alias with a shell", config("alias.st", "!%"), (("st",),)),
    Attack("include.path", included, (STATUS,)),
    Attack("embedded bare repository", embedded, (STATUS,), at="inner"),
    Attack("a .git file", git_file, (STATUS,), at="sub"),
    Attack(
        "core.sshCommand",
        config("core.sshCommand", "%", "remote.origin.url", "ssh://nowhere/x"),
        FETCH,
    ),
    Attack(
        "ext:: remote",
        config("remote.origin.url", "ext::%", "protocol.ext.allow", "always"),
        FETCH,
    ),
    Attack(
        "remote.origin.uploadpack",
        config("remote.origin.uploadpack", "%", "remote.origin.url", "."),
        FETCH,
    ),
    Attack("missing object of a promisor", lazy, (("cat-file", "-p", "HEAD:lost.txt"),)),
    Attack(
        "credential.helper",
        config("credential.helper", "!%"),
        (("credential", "fill"),),
    ),
    Attack("core.gitProxy", config("core.gitProxy", "%", "remote.origin.url", "git://x/y"), FETCH),
    Attack("core.askPass", config("core.askPass", "%"), (("credential", "fill"),)),
    Attack(
        "submodule ext::",
        evil_submodule,
        vacuous="the clone that git starts does not hear of the repository's protocol.ext.allow",
    ),
    Attack("submodule update command", commanding_submodule, (("submodule", "update"),)),
    Attack("merge driver", merging, (("merge", "other"),)),
    Attack(
        "uploadpack.packObjectsHook",
        config("uploadpack.packObjectsHook", "%", "remote.origin.url", "."),
        vacuous="git reads it from protected configuration only, never from a repository",
    ),
    Attack(
        "trailer command",
        config("trailer.sign.key", "Signed", "trailer.sign.command", "%"),
        (("commit", "--allow-empty", "-m", "x", "--trailer", "sign=x"),),
    ),
    Attack(
        "core.alternateRefsCommand",
        alternates,
        (("sh", "git init -q ../f; git -C ../f pull -q $PWD; git fetch ../f"),),
    ),
    Attack(
        "web.browser",
        config("web.browser", "evil", "browser.evil.cmd", "%"),
        (("web--browse", "x"),),
    ),
    Attack(
        "interactive.diffFilter",
        config(
            "interactive.diffFilter",
            "%",
            "color.diff",
            "always",
            "color.interactive",
            "always",
            "add.interactive.useBuiltin",
            "false",
        ),
        (TOUCH, ("add", "-p")),
    ),
    Attack("worktree configuration", work_tree_config, (STATUS,)),
    Attack(
        "a ref that is a switch",
        refs_like_switches,
        vacuous="git does not list such a name; the switch itself is tried with every name we take",
    ),
)


def make_program(folder: Path) -> tuple[str, Path]:
    """A program, and the mark that says that it ran."""
    mark = folder / "it-ran"
    program = folder / "program.sh"
    program.write_text(f"#!/bin/sh\ntouch {mark}\nexit 0\n")
    program.chmod(0o755)
    return str(program), mark
