"""The rules of git: it may do what can be undone, but not send or run other programs."""

import re

from agentproxy.policy.calls import ProgramCall, ProgramRule, hides_options, names, pathlike
from agentproxy.policy.rulings import Allow, Refer, Refuse, Ruling, strictest
from agentproxy.policy.shell import ShellWord

LOOKS = names(
    "status log diff show blame annotate grep ls-files ls-tree rev-parse rev-list describe",
    "cat-file shortlog name-rev merge-base count-objects check-ignore check-attr for-each-ref var",
    "help version whatchanged diff-tree diff-files diff-index range-diff cherry show-ref fsck",
    "show-branch verify-commit verify-tag merge-tree --version --help -v -h",
)
CHANGES = names("add commit mv rm merge cherry-pick revert am apply switch init notes")
SENDS = names("push fetch pull clone ls-remote send-email request-pull svn p4 archive lfs")
RUNS_OTHERS = ("--ext-diff", "--textconv", "--open-files-in-pager", "--exec", "--upload-pack")
SAFE_CONFIG = re.compile(
    r"(?:user\.(?:name|email)|color\.[a-z.]+|advice\.[A-Za-z]+|core\.quotepath|init\.defaultbranch"
    r"|log\.[a-z]+|column\.[a-z]+|safe\.directory|commit\.gpgsign|tag\.gpgsign|core\.pager)",
    re.IGNORECASE,
)
# Options before the subcommand that change nothing about what git may do.
FLAGS = ("--no-pager", "-P", "--no-optional-locks", "--literal-pathspecs", "--no-replace-objects")


def git(call: ProgramCall) -> Ruling:
    if hides_options(call.args):
        return Refer("the options of git are unknown")
    rest = list(call.args)
    found: list[Ruling] = []
    while rest and rest[0].text.startswith("-") and rest[0].text not in LOOKS:
        option = rest.pop(0).text
        if option in FLAGS:
            continue
        if option == "-C" and rest:
            found.append(call.writes([rest.pop(0)]))
            # Paths after -C are relative to another folder. That folder is not followed.
            found.extend(_leaving(word) for word in rest)
        elif option == "-c" and rest:
            found.append(_setting(rest.pop(0).text))
        else:
            return Refer(f"git {option[:40]} changes what git does")
    if not rest:
        return strictest(found)
    return strictest([*found, _subcommand(ProgramCall(rest[0].text, tuple(rest[1:]), call.where))])


def _leaving(word: ShellWord) -> Ruling:
    if word.home or word.text.startswith("/") or ".." in word.text.split("/"):
        return Refer("git -C with a path that leaves its folder")
    return Allow()


def _setting(text: str) -> Ruling:
    key, _, value = text.partition("=")
    if not SAFE_CONFIG.fullmatch(key) or (
        key.casefold() == "core.pager" and value not in ("cat", "")
    ):
        return Refer(f"git -c {key[:40]!a} may run other programs")
    return Allow()


def _subcommand(call: ProgramCall) -> Ruling:
    name = call.name
    if call.has(*RUNS_OTHERS) or (name == "grep" and call.has("-O")):
        return Refer(f"git {name} runs another program")
    if name in SENDS:
        forced = call.has("--force", "-f", "--force-with-lease", "--mirror", "--delete")
        how = "overwrites what others have" if forced else "reaches outside"
        return Refer(f"git {name} {how}")
    if name in LOOKS:
        return _looks(call)
    if name in CHANGES:
        return _changes(call)
    if rule := SPECIAL.get(name):
        return rule(call)
    return Refer(f"no rule covers git {name[:40]!a}")


def _looks(call: ProgramCall) -> Ruling:
    outputs = [word for word in call.values() if call.has("--output")]
    if call.has("--output") and not outputs:
        return Refer("git writes its output to a file")
    if call.name == "diff" and call.has("--no-index"):
        return call.reads(call.positionals())
    return call.writes(outputs)


def _changes(call: ProgramCall) -> Ruling:
    if call.name in ("switch", "mv", "rm") and call.has("-f", "--force", "--discard-changes", "-C"):
        return Refer(f"git {call.name} may discard changes")
    if call.name in ("am", "apply") and call.has("--unsafe-paths"):
        return Refer("git writes outside the tree")
    if call.name == "init":
        return call.writes(call.positionals(valued="b"))
    if call.name == "commit":
        return call.reads(pathlike(_files_of_messages(call)))
    return call.reads(pathlike((*call.positionals(), *call.values())))


def _files_of_messages(call: ProgramCall) -> list[ShellWord]:
    found: list[ShellWord] = []
    for place, word in enumerate(call.args):
        if word.text in ("-F", "--file", "-t", "--template"):
            found.extend(call.args[place + 1 : place + 2])
        elif word.text.startswith(("-F", "-t", "--file=", "--template=")):
            found.extend(ProgramCall("", (word,), call.where).values())
    return found


def _checkout(call: ProgramCall) -> Ruling:
    named = call.positionals(valued="bB")
    if call.has("-f", "--force", "-B", "--ours", "--theirs", "-p") or "--" in call.texts:
        return Refer("git checkout may discard changes")
    new = call.has("-b", "--orphan", "-t", "--track")
    # Two names, or a name with a dot, may be a file. Its changes would be lost.
    if not new and (len(named) > 1 or any("." in word.text or word.glob for word in named)):
        return Refer("git checkout may discard changes")
    return Allow()


def _restore(call: ProgramCall) -> Ruling:
    if call.has("--staged", "-S") and not call.has("--worktree", "-W"):
        return Allow()
    return Refer("git restore discards changes")


def _reset(call: ProgramCall) -> Ruling:
    if call.has("--hard", "--merge", "--keep"):
        return Refer("git reset discards changes")
    return Allow()


def _clean(call: ProgramCall) -> Ruling:
    if call.has("-n", "--dry-run"):
        return Allow()
    return Refer("git clean removes files that git cannot bring back")


def _stash(call: ProgramCall) -> Ruling:
    if call.texts[:1] in (("drop",), ("clear",)):
        return Refer(f"git stash {call.texts[0]} discards changes")
    return Allow()


def _branch(call: ProgramCall) -> Ruling:
    if call.has("-D", "-M", "-C", "-f", "--force"):
        return Refer("git branch may lose commits")
    if call.has("--edit-description", "-u", "--set-upstream-to"):
        return Refer("git branch changes git's configuration")
    return Allow()


def _tag(call: ProgramCall) -> Ruling:
    return (
        Refer("git tag removes or moves a tag")
        if call.has("-d", "--delete", "-f", "--force")
        else Allow()
    )


def _rebase(call: ProgramCall) -> Ruling:
    return Refer("git rebase runs a command") if call.has("-x", "-i", "--interactive") else Allow()


def _config(call: ProgramCall) -> Ruling:
    if call.has("--get", "--get-all", "--get-regexp", "--list", "-l", "--get-urlmatch"):
        return call.reads(call.values())
    named = call.positionals()
    if call.texts[:1] in (("get",), ("list",)) or (len(named) == 1 and len(call.args) == 1):
        return Allow()
    own = len(call.args) == len(named) or call.texts[0] == "--local"
    if own and named and re.fullmatch(r"user\.(?:name|email)", named[0].text):
        return Allow()
    return Refuse("changes git's configuration")


def _only(*allowed: str, why: str) -> ProgramRule:
    def rule(call: ProgramCall) -> Ruling:
        named = call.positionals()
        if (named[0].text if named else "") in allowed:
            return Allow()
        return Refer(why)

    return rule


SPECIAL: dict[str, ProgramRule] = {
    "checkout": _checkout,
    "restore": _restore,
    "reset": _reset,
    "clean": _clean,
    "stash": _stash,
    "branch": _branch,
    "tag": _tag,
    "rebase": _rebase,
    "config": _config,
    "reflog": _only("", "show", why="git reflog removes what could be brought back"),
    "remote": _only("", "get-url", why="git remote changes or reaches others"),
    "worktree": _only("list", why="git worktree makes or removes folders"),
    "submodule": _only("", "status", "summary", why="git submodule may reach others"),
    "bisect": _only(
        "start", "good", "bad", "skip", "log", "reset", why="git bisect runs a command"
    ),
    "symbolic-ref": _only("HEAD", why="git symbolic-ref changes a reference"),
}
