"""Tests of a claim that run git in the project's own folder, and so see its history. Pure.

The history has the change in it, whatever the code does. A test that makes a repository, or that
runs git in a folder which is not known to be the project's, asks another one.
"""

import re
from collections.abc import Iterable, Iterator, Sequence

_ASKS = r"(?:show|diff|grep|log|cat-file|blame|format-patch|whatchanged)\b"
_ASKS_AT_ALL = re.compile(r"(?<![\w-])" + _ASKS)
# The words of a command of git, in one text or in some.
_HISTORY = re.compile(
    r"['\"`](?:cd[ \t]++([^\s&;'\"`]++)[ \t]*+(?:&&|;)[ \t]*+)?+git\b['\"]?[\s,'\"\[]++"
    r"(?:-C[\s,'\"]++([^\s,'\"]++)[\s,'\"]++|-[^\s,'\"]++[\s,'\"]++)*+" + _ASKS
)
_BY_LIBRARY = re.compile(r"\.git\.(?:show|diff|grep|log|blame)\(")
_OWN_LIBRARY = re.compile(r"\bRepo\([ \t]*+(?:['\"]\.{0,2}['\"]|(?:[\w.]*\()*__file__[^)\n]*+)?\)")
# What starts a program. `run` and `call` may be anybody's.
_RUNNERS = (
    r"(?:(?<![\w.$])(?:check_output|check_call|Popen|getoutput|getstatusoutput"
    r"|exec(?:Sync|File|FileSync)?|spawn(?:Sync)?|execa(?:Sync|Command|CommandSync)?"
    r"|create_subprocess_(?:exec|shell){0})"
    r"|\bsubprocess\.(?:run|call|check_output|check_call|Popen|getoutput|getstatusoutput)"
    r"|\bos\.(?:popen|system)|\basyncio\.create_subprocess_(?:exec|shell)"
    r"|\b(?:child_process|childProcess|cp)\.\w++|\bexec\.Command(?:Context)?)[ \t]*+\("
)
_BARE = re.compile(r"\bfrom[ \t]++subprocess[ \t]++import\b(.*)")
_MAKES = re.compile(
    r"\bgit\w*+(?:[\s,'\"(\[]++|[^\w\n][^\n]{0,80}?)(?<![\w-])(?:init|clone)\b"
    r"|\bRepo\.(?:init|clone_from)\b|\bporcelain\.(?:init|clone)\b|\bGIT_DIR\b|--git-dir\b"
)
# A fixture that gives a repository may stand in a file that did not change.
_GIVEN = re.compile(r"\bdef[ \t]++test\w*+\([^)\n]*?(?<![a-z])repo")
_FOLDER = re.compile(r"\bcwd\b(?:[ \t]*+[=:][ \t]*+([^,}\n]++))?")
_GOES = re.compile(r"\b(?:chdir|Chdir|cd)\(([^)\n]*+)|\.Dir[ \t]*+=(?!=)([^\n]++)")
_OWN = re.compile(
    r"['\"`]?\.\.?/?['\"`]?|.*(?:__file__|__dirname|getcwd|\bcwd\(\)|import\.meta|Getwd).*"
)
_COMMENT = {
    "#": re.compile(r"('[^'\n]*+'|\"[^\"\n]*+\")|#.*"),
    "//": re.compile(r"('[^'\n]*+'|\"[^\"\n]*+\"|`[^`\n]*+`)|//.*"),
}
_MAX_CALL = 600  # characters
_MAX_BEFORE = 120  # characters between a call and what it runs


def reads_history(path: str, added: Sequence[str], *, test: str, others: Iterable[str]) -> bool:
    """Whether added lines of a test ask for the history of the project. `test` is the whole file,
    `others` are the texts of other files of tests that changed.
    """
    lines = _without_comments(path, "\n".join(added))
    if not (_ASKS_AT_ALL.search(lines) or _BY_LIBRARY.search(lines)):
        return False
    whole = _without_comments(path, test)
    if _GIVEN.search(whole) or any(
        _MAKES.search(each) for each in (whole, *(_without_comments(path, one) for one in others))
    ):
        return False
    if not all(_is_own(one or other, whole) for one, other in _GOES.findall(whole)):
        return False
    if _BY_LIBRARY.search(lines) and _OWN_LIBRARY.search(whole):
        return True
    return any(_is_own(where, whole) for where in _folders(_with_git(lines, whole), whole))


def _folders(lines: str, whole: str) -> Iterator[str]:
    """Where each command that asks for history runs; only of those that are run."""
    run = _runner(whole)
    for match in _HISTORY.finditer(lines):
        call = _call_of(match, lines, whole, run=run)
        if call is not None:
            yield match[1] or match[2] or _folder_in(call)


def _call_of(match: re.Match[str], lines: str, whole: str, *, run: str) -> str | None:
    """The rest of the call that runs a command; None where nothing does."""
    before = lines[max(0, match.start() - _MAX_BEFORE) : match.start()]
    if re.search(rf"{run}[\s\[(]*+(?:\w++,\s*+)?[\s\[(]*+$", before):
        return _rest(lines, match.start())
    named = re.search(r"([A-Za-z_$][\w$]*+)[ \t]*+(?::[^=\n]*+)?:?=[\s\[(]*+$", before)
    if named is None:
        return None
    call = re.search(rf"{run}\s*+\*?{re.escape(named[1])}(?![\w$])", whole)
    return _rest(whole, call.end()) if call else None


def _folder_in(call: str) -> str:
    found = _FOLDER.search(call)
    return "." if found is None else (found[1] or "cwd").strip()


def _runner(whole: str) -> str:
    bare = {word for line in _BARE.findall(whole) for word in re.findall(r"\w+", line)}
    more = "".join(f"|{word}" for word in ("run", "call") if word in bare)
    return _RUNNERS.replace("{0}", more)


def _rest(text: str, start: int) -> str:
    """What follows in a call, with lists that have begun."""
    depth, end = 0, min(len(text), start + _MAX_CALL)
    for at in range(start, end):
        depth += (text[at] in "([{") - (text[at] in ")]}")
        # A list ends, and the call goes on; the call itself ends with its line or a `)`.
        if text[at] == ")" and depth < 0:
            return text[start:at]
    return text[start:end]


def _is_own(where: str, whole: str) -> bool:
    """Whether a folder is the project's own, as far as the test shows."""
    where = where.strip().rstrip(";)")
    if _OWN.fullmatch(where) or _OWN.fullmatch(f"{where})"):
        return True
    name = re.fullmatch(r"(?:str\()?(\w++)", where)
    if name is None:
        return False
    set_to = re.findall(rf"\b{name[1]}\b[ \t]*+(?::[^=\n]*+)?:?=(?!=)[ \t]*+([^\n;]++)", whole)
    if set_to:
        return all(_OWN.fullmatch(each) for each in set_to)
    return re.fullmatch(r"(?:[A-Z]++_)*+(?:ROOT|HERE)", name[1]) is not None


def _with_git(lines: str, whole: str) -> str:
    """The lines with `git` for the names that only say it."""
    said = re.compile(r"\b([A-Za-z_]\w*+)[ \t]*+:?=[ \t]*+['\"]git['\"];?[ \t]*+$", re.MULTILINE)
    for name in set(said.findall(whole)):
        lines = re.sub(rf"(?<![\w'\"]){name}\b(?![ \t]*+:?=)", "'git'", lines)
    return lines


def _without_comments(path: str, text: str) -> str:
    mark = "#" if path.endswith((".py", ".rb", ".ex", ".exs")) else "//"
    return _COMMENT[mark].sub(lambda match: match[1] or "", text)
