"""Tests of a claim that look at the text of its code, and not at what it does. Pure.

Such a test fails without the change whatever the code does, and says nothing of that.
"""

import posixpath
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from agentproxy.evidence.doubts.reads_history import reads_history
from agentproxy.evidence.test_files import is_test_file
from agentproxy.text.added_lines import added_lines

_CODE = re.compile(
    r".+\.(?:py|[cm]?[jt]sx?|go|rs|java|kt|kts|scala|rb|php|cs|fs|swift|c|cc|cpp|cxx|h|hpp|ex|exs|dart)"
)
# What gives the text of a function or module, or what the compiler made of it.
_LOOKS_INSIDE = re.compile(
    r"\bgetsource(?:lines|file)?[ \t]*\(|\b__code__\b|\bco_(?:code|consts|names|varnames)\b"
    r"|\blinecache[ \t]*\.|\bdis[ \t]*\.[ \t]*(?:dis|Bytecode|get_instructions)\b"
    r"|\bset(?:trace|profile)[ \t]*\(|\bsys[ \t]*\.[ \t]*monitoring\b|\bruntime\.FuncForPC\b"
    r"|\bFunction[ \t]*\.[ \t]*prototype[ \t]*\.[ \t]*toString\b"
)
_READS = re.compile(
    r"\bopen[ \t]*\(|\bread_(?:text|bytes)\b|\bgetsize\b|\bst_size\b|\bstat(?:Sync)?[ \t]*\("
    r"|\breadFile(?:Sync)?\b|\bReadFile\b|\breadText(?:File)?(?:Sync)?\b|\bcreateReadStream\b"
    r"|\bread_to_string\b|\breadAll(?:Lines|Bytes)\b|\breadString\b|\bfile_get_contents\b"
    r"|(?:run|call|output|open|system|exec\w{0,8}|spawn\w{0,4}|Command)[ \t]*\("
    r"[^()\n]{0,80}\bgit\b.{0,80}\b(?:show|diff|grep|log|cat-file|blame)\b"
    r"|\bBun[ \t]*\.[ \t]*file\b|\bFile[ \t]*\.[ \t]*read\w*"
)
_OF_MODULE = re.compile(r"\w\.__file__\b")
_SCRIPT = re.compile(r".+\.[cm]?[jt]sx?")
_QUOTED = re.compile(r"(['\"`]).*?\1")
_LOADS = re.compile(r"\brequire[ \t]*\(|^[ \t]*import\b|\bfrom[ \t]*['\"]", re.MULTILINE)
_AS_TEXT = re.compile(
    r"(?<![\w$])([\w$]++)[ \t]*+\.[ \t]*+toString[ \t]*+\(\)"
    r"|\b(?:String|inspect)[ \t]*+\([ \t]*+(?:[\w$]++[ \t]*+\.[ \t]*+)*+([\w$]++)[ \t]*+\)"
    r"|\$\{[ \t]*+(?:[\w$]++\.)*+([\w$]++)[ \t]*+\}"
    r"|(?<![\w$])([\w$]++)[ \t]*+\+[ \t]*+(?:''|\"\"|``)"
    r"|(?:''|\"\"|``)[ \t]*+\+[ \t]*+(?:[\w$]++\.)*+([\w$]++)(?![ \t]*+[\w$.(])"
)
_DECLARED = re.compile(
    r"\bfunction\b[ \t*]*+([\w$]++)|\b(?:const|let|var)[ \t]++([\w$]++)[ \t]*+=[ \t]*+"
    r"(?:async\b[ \t]*+)?(?:function\b|\([^()\n]*+\)[ \t]*+(?::[^=\n]*+)?=>|[\w$]++[ \t]*+=>)"
)
_HOLDS = re.compile(r"\b(?:const|let|var)[ \t]++([\w$]++)[ \t]*+=(?![ \t]*+require\b)")
# What is written by the test itself may have any name.
_MADE = re.compile(r"te?mp|\bfolder\b|\bdir(?:ectory)?\b|\bworkspace\b|mkdtemp|\bsandbox\b", re.I)
_ASSIGNED = re.compile(r"^[ \t]*(?:const |let |var )?([A-Za-z_$][\w$]*)[ \t]*(?::[^=]*)?:?=(?!=)")


@dataclass(frozen=True, slots=True)
class _Known:
    """Names in a test of JavaScript: what it loads, and those that are functions of the claim."""

    loaded: AbstractSet[str] = frozenset()
    functions: AbstractSet[str] = frozenset()


def find_code_readers(texts: Mapping[str, tuple[str, str]]) -> Iterator[tuple[str, str]]:
    """The test files that read code of the claim as a text, each with what they read.

    `texts` are the changed files at the base and at the claim.
    """
    code = [path for path in texts if _CODE.fullmatch(path) and not is_test_file(path)]
    if not code:
        return
    names = "|".join(sorted({re.escape(posixpath.basename(path)) for path in code}))
    named = re.compile(rf"['\"`](?:[^'\"`\n]*[/:])?({names})['\"`]")
    for path, (before, after) in texts.items():
        if is_test_file(path) and _CODE.fullmatch(path):
            own = _functions_of(texts[each][1] for each in code) - set(_HOLDS.findall(after))
            known = _Known(own | _loaded_in(after), own) if _SCRIPT.fullmatch(path) else _Known()
            added = added_lines(before, after)
            others = [text[1] for each, text in texts.items() if is_test_file(each)]
            what = _read_in(added, named, known)
            if not what and reads_history(path, added, test=after, others=others):
                what = "the history of the project"
            if what:
                yield path, what


def _read_in(lines: Sequence[str], named: re.Pattern[str], known: _Known) -> str:
    held: dict[str, str] = {}  # variables that hold the path of code
    for line in lines:
        if _MADE.search(line):
            continue
        if _LOOKS_INSIDE.search(line) or _is_text_of(line, known):
            return "the text of code"
        found = named.search(line)
        what = found[1] if found else "a module" if _OF_MODULE.search(line) else ""
        what = what or next(
            (held[word] for word in re.findall(r"[\w$]+", line) if word in held), ""
        )
        if what and _READS.search(line):
            return what
        if what and (to := _ASSIGNED.match(line)):
            held[to[1]] = what
    return ""


def _loaded_in(text: str) -> set[str]:
    """The names that a test of JavaScript loads. Those in a path name files: `color` may be what
    the test has made of a class in `color.js`.
    """
    lines = (_QUOTED.sub(" ", line) for line in text.splitlines() if _LOADS.search(line))
    return {word for line in lines for word in re.findall(r"[\w$]+", line)}


def _functions_of(texts: Iterable[str]) -> set[str]:
    """The names of functions in code of JavaScript."""
    return {one or other for text in texts for one, other in _DECLARED.findall(text)}


def _is_text_of(line: str, known: _Known) -> bool:
    """Whether a function that a test of JavaScript loads is looked at as a text."""
    for match in _AS_TEXT.finditer(line):
        # A value that is loaded may well be put into a text.
        called, put = set(match.groups()[:2]), set(match.groups()[2:])
        if not (known.loaded.isdisjoint(called) and known.functions.isdisjoint(put)):
            return True
    return False
