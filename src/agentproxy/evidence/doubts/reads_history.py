"""Tests of a claim that run git in the project's own folder, and so see its history. Pure.

The history has the change in it, whatever the code does. A test that makes a repository, or that
runs git in a folder which is not known to be the project's, asks another one.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from agentproxy.evidence.test_files import is_test_file

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
    r"|create_subprocess_(?:exec|shell)%s)"
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
# What a name is set to, also where that is the name of something else. A longer text is no folder.
_SET = re.compile(
    r"\b([A-Za-z_]\w*+)[ \t]*+(?::[^=\n]{0,200}+)?:?=(?!=)(?=[ \t]*+([^\n;]{1,200}+))"
)
_NAMED = re.compile(r"([A-Za-z_$][\w$]*+)[ \t]*+(?::[^=\n]*+)?:?=[\s\[(]*+$")
_SAYS_GIT = re.compile(r"\b([A-Za-z_]\w*+)[ \t]*+:?=[ \t]*+['\"]git['\"];?[ \t]*+$", re.MULTILINE)
_NAME = re.compile(r"(?<![\w'\"])[A-Za-z_]\w*+(?![ \t]*+:?=)")
_COMMENT = {
    "#": re.compile(r"('[^'\n]*+'|\"[^\"\n]*+\")|#.*"),
    "//": re.compile(r"('[^'\n]*+'|\"[^\"\n]*+\"|`[^`\n]*+`)|//.*"),
}
MAX_VALUES = 50  # of one name
_MAX_CALL = 600  # characters
_MAX_BEFORE = 120  # characters between a call and what it runs


def makes_repository(path: str, text: str) -> bool:
    """Whether a file of tests makes a repository, or is given one."""
    if not is_test_file(path):
        return False
    code = _without_comments(path, text)
    return _MAKES.search(code) is not None or _GIVEN.search(code) is not None


def reads_history(path: str, added: Sequence[str], *, test: str) -> bool:
    """Whether added lines of a test ask for the history of the project. `test` is the whole file,
    and no file of tests makes a repository.
    """
    lines = _without_comments(path, "\n".join(added))
    if not (_ASKS_AT_ALL.search(lines) or _BY_LIBRARY.search(lines)):
        return False
    whole = _TestText.read(_without_comments(path, test))
    if not all(whole.is_own(one or other) for one, other in _GOES.findall(whole.text)):
        return False
    if _BY_LIBRARY.search(lines) and _OWN_LIBRARY.search(whole.text):
        return True
    return any(whole.is_own(where) for where in _folders(_with_git(lines, whole.text), whole))


@dataclass(frozen=True, slots=True)
class _TestText:
    """A file of tests, read once: a hostile one may ask a hundred thousand times."""

    text: str
    values: Mapping[str, Sequence[str]]  # what each name is set to
    runs: Mapping[str, int]  # where a program is started whose words have a name: behind it
    starts: re.Pattern[str]  # what ends in the call that starts a program

    @classmethod
    def read(cls, text: str) -> "_TestText":
        run = _runner(text)
        values: dict[str, list[str]] = {}
        for name, value in _SET.findall(text):
            values.setdefault(name, []).append(value)
        runs: dict[str, int] = {}
        for call in re.finditer(rf"{run}\s*+\*?([A-Za-z_$][\w$]*+)", text):
            runs.setdefault(call[1], call.end())
        return cls(text, values, runs, re.compile(rf"{run}[\s\[(]*+(?:\w++,\s*+)?[\s\[(]*+$"))

    def is_own(self, where: str) -> bool:
        """Whether a folder is the project's own, as far as the test shows."""
        where = where.strip().rstrip(";)")
        if _OWN.fullmatch(where) or _OWN.fullmatch(f"{where})"):
            return True
        name = re.fullmatch(r"(?:str\()?(\w++)", where)
        if name is None:
            return False
        if name[1] in self.values:
            return all(map(_OWN.fullmatch, self.values[name[1]][:MAX_VALUES]))
        return re.fullmatch(r"(?:[A-Z]++_)*+(?:ROOT|HERE)", name[1]) is not None


def _folders(lines: str, test: _TestText) -> Iterator[str]:
    """Where each command that asks for history runs; only of those that are run."""
    for match in _HISTORY.finditer(lines):
        call = _call_of(match, lines, test)
        if call is not None:
            yield match[1] or match[2] or _folder_in(call)


def _call_of(match: re.Match[str], lines: str, test: _TestText) -> str | None:
    """The rest of the call that runs a command; None where nothing does."""
    before = lines[max(0, match.start() - _MAX_BEFORE) : match.start()]
    if test.starts.search(before):
        return _rest(lines, match.start())
    named = _NAMED.search(before)
    end = test.runs.get(named[1]) if named else None
    return None if end is None else _rest(test.text, end)


def _folder_in(call: str) -> str:
    found = _FOLDER.search(call)
    return "." if found is None else (found[1] or "cwd").strip()


def _runner(whole: str) -> str:
    bare = {word for line in _BARE.findall(whole) for word in re.findall(r"\w+", line)}
    more = "".join(f"|{word}" for word in ("run", "call") if word in bare)
    return _RUNNERS % more


def _rest(text: str, start: int) -> str:
    """What follows in a call, with lists that have begun."""
    depth, end = 0, min(len(text), start + _MAX_CALL)
    for at in range(start, end):
        depth += (text[at] in "([{") - (text[at] in ")]}")
        # A list ends, and the call goes on; the call itself ends with its line or a `)`.
        if text[at] == ")" and depth < 0:
            return text[start:at]
    return text[start:end]


def _with_git(lines: str, whole: str) -> str:
    """The lines with `git` for the names that only say it."""
    names = set(_SAYS_GIT.findall(whole))
    return _NAME.sub(lambda match: "'git'" if match[0] in names else match[0], lines)


def _without_comments(path: str, text: str) -> str:
    mark = "#" if path.endswith((".py", ".rb", ".ex", ".exs")) else "//"
    return _COMMENT[mark].sub(lambda match: match[1] or "", text)
