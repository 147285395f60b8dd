"""Tests of a claim that look at the text of its code, and not at what it does. Pure.

Such a test fails without the change whatever the code does, and says nothing of that.
"""

import posixpath
import re
from collections.abc import Iterator, Mapping, Sequence

from agentproxy.evidence.doubts.function_texts import (
    Names,
    functions_in,
    is_text_of_function,
    names_in,
)
from agentproxy.evidence.doubts.reads_history import makes_repository, reads_history
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
# What is written by the test itself may have any name.
_MADE = re.compile(r"te?mp|\bfolder\b|\bdir(?:ectory)?\b|\bworkspace\b|mkdtemp|\bsandbox\b", re.I)
_ASSIGNED = re.compile(r"^[ \t]*(?:const |let |var )?([A-Za-z_$][\w$]*)[ \t]*(?::[^=]*)?:?=(?!=)")


def find_code_readers(texts: Mapping[str, tuple[str, str]]) -> Iterator[tuple[str, str]]:
    """The test files that read code of the claim as a text, each with what they read.

    `texts` are the changed files at the base and at the claim.
    """
    code = [path for path in texts if _CODE.fullmatch(path) and not is_test_file(path)]
    if not code:
        return
    names = "|".join(sorted({re.escape(posixpath.basename(path)) for path in code}))
    named = re.compile(rf"['\"`](?:[^'\"`\n]*[/:])?({names})['\"`]")
    functions = functions_in(texts[path][1] for path in code)
    # A test that asks git may do so in what another file of tests has made.
    made = any(makes_repository(path, after) for path, (_, after) in texts.items())
    for path, (before, after) in texts.items():
        if is_test_file(path) and _CODE.fullmatch(path):
            known = names_in(after, functions) if _SCRIPT.fullmatch(path) else Names()
            added = added_lines(before, after)
            what = _read_in(added, named, known)
            if not (what or made) and reads_history(path, added, test=after):
                what = "the history of the project"
            if what:
                yield path, what


def _read_in(lines: Sequence[str], named: re.Pattern[str], known: Names) -> str:
    held: dict[str, str] = {}  # variables that hold the path of code
    for line in lines:
        if _MADE.search(line):
            continue
        if _LOOKS_INSIDE.search(line) or is_text_of_function(line, known):
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
