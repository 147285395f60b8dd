"""What the words of a task say: names, values, and which kinds of change. Pure."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

MAX_TASK_CHARACTERS = 20_000

_WORD = re.compile(r"\d+(?:\.\d+)+|\w+")
_QUOTED = re.compile(r"`([^`\n]{1,200})`|\"([^\"\n]{1,200})\"|(?<!\w)'([^'\n]{1,200})'(?!\w)")
# A token that reads as code: calls, paths, options, snake_case, camelCase, dotted names.
_CODE = re.compile(
    r"[A-Za-z_][\w.]*(?=\((?!s\)))|--[a-z][\w-]+|\w+(?:/\w+)+(?:\.\w+)*|[A-Za-z_]\w*\.[A-Za-z_][\w.]*"
    r"|[A-Za-z]+_\w+|_\w+|[a-z]+[A-Z]\w*|[A-Z]\w*[a-z]\w*[A-Z]\w*|[A-Z][A-Z0-9]+_\w+"
)
_NAMED_AS = re.compile(
    r"\b(?:function|method|class|module|command|option|flag|constant|variable|field|key)s?"
    r"\s+([A-Za-z_]\w*)\b|(?<![-\w])([A-Za-z_]\w*)\s+(?:function|method|class|module|command|option|flag)\b"
)
_REMOVES = re.compile(
    r"\b(?:remov|delet|drop(?:s|ped|ping)?\b|retir|get rid of|strip out|take out|rip out"
    r"|no longer|discontinu|obsolete|unused|dead code)",
    re.IGNORECASE,
)
# What is removed ends where the sentence says from what, or goes on with something else.
_REMOVED = re.compile(
    r"\b(?:remove|delete|drop|retire|get rid of|take out|rip out|strip out)\s"
    r"((?:(?!\b(?:from|in|of|since|because|that|which|use|using|as|so|now|instead)\b|[.;:!?]\s)"
    r"[^\n]){1,300})",
    re.IGNORECASE,
)
_KINDS = r"(?:function|method|class|module|command|option|flag|constant|variable|field|file)s?"
# What is removed was named before.
_PRONOUN = re.compile(rf"(?:it|them|(?:the|this|that) {_KINDS})\b", re.IGNORECASE)
_OBSOLETE = re.compile(
    r"(?:`([\w./]+)(?:\(\))?`|(?<!\w)(\w+(?:\.\w+)*(?:_\w+|[a-z][A-Z]\w*|\(\))))"
    r" (?:is|are) (?:obsolete|deprecated|unused|dead)\b"
)
_RENAMES = re.compile(
    rf"\b(?:renam\w*|mov\w*|call\w*|replac\w*)\s+(?:the\s+)?(?:{_KINDS}\s+)?[`'\"]?([\w./]+?)[`'\"]?"
    rf"(?:\(\))?\s+(?:{_KINDS}\s+)?(?:to|into|as|by|with)\s+(?:the\s+)?(?:{_KINDS}\s+)?"
    r"[`'\"]?([\w./]*\w)[`'\"]?",
    re.IGNORECASE,
)
# What a rename or a removal brings with it is no other work.
_FOLLOWS = re.compile(
    r"\b(?:updat\w*|adjust\w*|adapt\w*|chang\w*|fix\w*|keep\w*)\s+(?:\w+\s+){0,3}?(?:callers?|uses?"
    r"|usages?|references?|imports?|tests?|docs?|documentation|readme|changelog|exports?"
    r"|everywhere|behaviou?r)\b|\b(?:should|must)\s+(?:still\s+|all\s+)?(?:pass|work|stay|remain"
    r"|be (?:green|gone|the same|unchanged))\b|\bnobody\b[^.]*|\bnothing (?:else|uses)\b[^.]*",
    re.IGNORECASE,
)
_IN_DOCS = re.compile(r"\b(?:README|CHANGES|CHANGELOG|HISTORY|NEWS)\b(?:\.\w+)?[^.]*")
_WORK = re.compile(
    r"\b(?:add|make|fix|support|return|rais|throw|chang|implement|let|allow|handl|creat|writ|should"
    r"|must|ensur|accept|reject|print|show|log|read|pars|validat|comput|count|sort|format|introduc"
    r"|provid|extend|improv|convert|skip|ignore|default|so that|instead of|set|bump|cap|doubl|enabl"
    r"|disabl|encrypt|encod|decod|escap|apply|limit|increas|decreas|lower|trim|strip|round|clamp"
    r"|merg|load|sav|send|fetch|retry|wait|cach|optimi|speed|reduc|also)\w*",
    re.IGNORECASE,
)
_CLAUSE = re.compile(r"[.;:,!?](?=\s|$)|[()]|\band\b|\n")
_TESTS = re.compile(
    r"\b(?:tests?|tested|specs?|coverage)\b|\btests?/|[/_.]test|test_", re.IGNORECASE
)
_NO_CHANGE = re.compile(r"\b(?:no|not|without|do not|don't)\b[^.]*\bchang", re.IGNORECASE)
_SOME = re.compile(r"\b(?:write|add)\s+(?:some|them|one|more|a few)\b", re.IGNORECASE)
_ORDERS = re.compile(
    r"^\s*(?:please\s+)?(?:also\s+)?(?:add|make|chang|implement|support|fix|return|let|allow|handl"
    r"|creat|writ|ensur|replac|use|mov|remov|renam|set|giv|rais|document)\w*\b"
    r"|\b(?:must|should|needs?)\b",
    re.IGNORECASE,
)
_KEEPS = re.compile(
    r"\b(?:no|not|nothing|never|without|don't)\b[^.,;:!?\n]{0,60}?\bchang\w*", re.IGNORECASE
)
_CHANGES_BEHAVIOUR = re.compile(
    r"\binstead\b|\bno longer\b|\brather than\b|\bchang(?:e|es|ed|ing)\b|\bnow\b|\bswitch"
    r"|\breplac|\bby default\b|\bdefaults? (?:to|of|is|should)\b|\bbecome|\bturn\b.{1,80}\binto\b"
    r"|\bfrom\b.{1,60}\bto\b|\brais(?:e|ing) the\b|\blower\b|\bincreas|\bdecreas"
    r"|\bnot .{1,60} any ?more\b|\bstop(?:s|ped)? \w+ing\b",
    re.IGNORECASE,
)
_UPDATES_TESTS = re.compile(
    r"\b(?:updat|adjust|adapt|chang|regenerat|rewrit|renew|fix|correct|re-?record)\w*\s+"
    r"(?:\w+\s+){0,4}?(?:tests?|expectations?|snapshots?|golden|fixtures?|test suite)\b"
    r"|\b(?:tests?|expectations?|snapshots?)\b[^.;]{0,60}?\b(?:updat|adjust|adapt|chang|follow)",
    re.IGNORECASE,
)
_FILE = re.compile(r"\w[\w.-]*\.(?:py|[cm]?[jt]sx?|json|toml|ya?ml|md|go|rs|java|rb|php|css|html)")
_COMMON = frozenset(
    {
        *("a", "an", "and", "are", "as", "at", "be", "been", "by", "can", "do", "does", "for"),
        *("from", "has", "have", "if", "in", "into", "is", "it", "its", "must", "no", "not"),
        *("of", "on", "only", "or", "should", "so", "that", "the", "their", "them", "then"),
        *("there", "this", "to", "use", "when", "where", "which", "will", "with", "test"),
        *("tests", "function", "code", "file", "add", "make"),
    }
)


@dataclass(frozen=True, slots=True)
class TaskText:
    """The task's words in lower case, the names that it spells as code, and what it asks for."""

    text: str = ""
    words: frozenset[str] = frozenset()
    names: frozenset[str] = frozenset()
    renames: Mapping[str, str] = field(default_factory=dict[str, str])
    removed: frozenset[str] = frozenset()  # names that the task has removed
    asks_only_for_names: bool = False  # beside `renames` and `removed` the task asks for nothing
    removes: bool = False  # the task speaks of something that goes
    changes_behaviour: bool = False
    updates_tests: bool = False

    def names_one_of(self, text: str) -> bool:
        """Whether a name that the task spells as code stands in a text as a whole word."""
        return any(has_word(text, name) for name in self.names)


def read_task(task: str) -> TaskText:
    task = task[:MAX_TASK_CHARACTERS]
    renames = {
        old: new for old, new in _RENAMES.findall(task) if _is_distinct(old) and _is_distinct(new)
    }
    names = {group for match in _QUOTED.findall(task) for group in match if _is_name(group)}
    names |= set(_CODE.findall(task)) | {*renames, *renames.values()}
    names |= {name for pair in _NAMED_AS.findall(task) for name in pair if _is_distinct(name)}
    leaves = {leaf_of(name) for name in names}
    return TaskText(
        text=task,
        words=frozenset(words_of(task.lower())),
        names=frozenset(
            name for name in (n.removesuffix("()") for n in names | leaves) if _is_distinct(name)
        ),
        renames=renames,
        removed=_read_removed(task),
        asks_only_for_names=_asks_only_for_names(task),
        removes=_REMOVES.search(task) is not None,
        changes_behaviour=_CHANGES_BEHAVIOUR.search(_KEEPS.sub(" ", task)) is not None,
        updates_tests=_UPDATES_TESTS.search(task) is not None,
    )


def _asks_only_for_names(task: str) -> bool:
    rest = _CODE.sub(" ", _QUOTED.sub(" ", _RENAMES.sub(" ", _IN_DOCS.sub(" ", task))))
    return _WORK.search(_FOLLOWS.sub(" ", rest)) is None


def _read_removed(task: str) -> frozenset[str]:
    found: set[str] = {name for pair in _OBSOLETE.findall(task) for name in pair if name}
    for match in _REMOVED.finditer(task):
        text = match[1]
        quoted = {group for pair in _QUOTED.findall(text) for group in pair if _is_name(group)}
        found |= quoted or set(_CODE.findall(text))
        found |= {name for pair in _NAMED_AS.findall(text) for name in pair if not quoted and name}
        before = set(_CODE.findall(task[: match.start()]))
        if _PRONOUN.match(text) and not quoted and len(before) == 1:
            found |= before
    return frozenset(name for name in (n.removesuffix("()") for n in found) if _is_distinct(name))


def leaf_of(name: str) -> str:
    """How code spells a name: the last part of a dotted one, the stem of a file."""
    if "/" in name or _FILE.fullmatch(name):
        return name.rpartition("/")[2].partition(".")[0]
    return name.removesuffix("()").strip(".").rpartition(".")[2]


def words_of(text: str) -> list[str]:
    """Words and numbers of a text; a name in snake_case is one word and also its parts."""
    found: list[str] = []
    for word in _WORD.findall(text):
        found.append(word)
        if "_" in word:
            found += [part for part in word.split("_") if part]
    return found


def asks_for_tests_alone(task: str) -> bool:
    """Whether each thing that a task orders is a test."""
    task = task[:MAX_TASK_CHARACTERS]
    clauses = [each for each in _CLAUSE.split(task) if not _NO_CHANGE.search(each)]
    return _TESTS.search(task) is not None and not any(
        _ORDERS.search(each) and not _TESTS.search(each) and not _SOME.search(each)
        for each in clauses
    )


def stem(word: str) -> str:
    for ending in ("ing", "ed", "es", "s", "e"):
        if word.endswith(ending) and len(word) - len(ending) > 2:
            return word[: -len(ending)]
    return word


def has_word(text: str, word: str) -> bool:
    # Most words do not occur at all, and a pattern for each would cost most.
    return (
        bool(word)
        and word in text
        and re.search(rf"(?<!\w){re.escape(word)}(?!\w)", text) is not None
    )


def _is_name(text: str) -> bool:
    return re.fullmatch(r"[\w./-]+(?:\(\))?", text) is not None


def _is_distinct(name: str) -> bool:
    return len(name) > 1 and name.lower() not in _COMMON and not name.isdigit()
