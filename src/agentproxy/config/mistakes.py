"""Errors in configuration. Each names the place and the cure."""

import json

from pydantic import ValidationError
from pydantic_core import ErrorDetails

SHOWN_MISTAKES = 5
SHOWN_KEY = 60
A_TABLE = ("not a table", "write it as a table: [NAME], and its keys below")
A_TEXT = ("not a text", 'write it in quotes, such as "text"')
A_LIST = ("not a list", 'write it in brackets, such as ["one", "two"]')
A_CHOICE = ("neither true nor false", "write true or false, without quotes")
A_WHOLE = ("not a whole number", "write digits, such as 12")
A_NUMBER = ("not a plain number", "write digits, such as 12 or 2.50")
# What the validating library finds, and its cure, with words of its own in braces.
IN_WORDS = {
    "dict_type": A_TABLE,
    "model_type": A_TABLE,
    "string_type": A_TEXT,
    "list_type": A_LIST,
    "tuple_type": A_LIST,
    "bool_type": A_CHOICE,
    "bool_parsing": A_CHOICE,
    "int_type": A_WHOLE,
    "int_parsing": A_WHOLE,
    "int_parsing_size": A_WHOLE,
    "int_from_float": A_WHOLE,
    "float_type": A_NUMBER,
    "float_parsing": A_NUMBER,
    "finite_number": A_NUMBER,
    "greater_than": ("not above {gt}", "write a number above {gt}"),
    "greater_than_equal": ("less than {ge}", "write at least {ge}"),
    "less_than_equal": ("more than {le}", "write at most {le}"),
    "string_too_short": ("empty", "write at least {min_length} character, or leave the key out"),
    "string_too_long": ("longer than {max_length} characters", "shorten it"),
    "string_unicode": ("not UTF-8", "write plain text"),
    "string_pattern_mismatch": (
        "no name that can be used",
        "begin with a letter, and go on with letters, digits or _; at most 64 characters",
    ),
    "too_long": ("more than {max_length} entries", "leave some out"),
    "literal_error": ("none of the choices", "write {expected}"),
    "missing": ("missing", "write it"),
    "extra_forbidden": ("unknown key", "leave it out"),
}


class ConfigError(ValueError):
    """A configured value cannot be used."""

    def __init__(self, problem: str, *, where: str, cure: str = "") -> None:
        super().__init__(f"{where}: {problem}" + (f" ({cure})" if cure else ""))
        self.where = where
        self.problem = problem
        self.cure = cure


class BadSetting(ConfigError):
    """A variable has a value that is not valid. `origin` is the source of the value."""

    def __init__(self, problem: str, *, variable: str, origin: str, cure: str) -> None:
        super().__init__(problem, where=f"{variable} from {origin}", cure=cure)
        self.variable = variable
        self.origin = origin


class BadFile(ConfigError):
    """A file cannot be used. `key` is the path of the first wrong key; "" means the whole file."""

    def __init__(self, problem: str, *, source: str, key: str = "", cure: str) -> None:
        super().__init__(problem, where=f"{source}: {key}" if key else source, cure=cure)
        self.source = source
        self.key = key


def first_mistake(error: ValidationError) -> tuple[str, str, str]:
    """Returns the key path, the problem and the cure of the first validation error."""
    # Without the input: values may be secrets, and may hold escape sequences.
    details = error.errors(include_url=False, include_input=False)
    path, problem, cure = explained(details[0])
    others = [explained(detail)[0] for detail in details[1 : SHOWN_MISTAKES + 1]]
    if others:
        problem += f"; also wrong: {', '.join(others)}"
    if len(details) > SHOWN_MISTAKES + 1:
        problem += f" and {len(details) - SHOWN_MISTAKES - 1} more"
    return path, problem, cure


def explained(detail: ErrorDetails) -> tuple[str, str, str]:
    """Returns the key path, the problem and the cure of one validation error."""
    context = detail.get("ctx", {})
    parts = [part for part in detail["loc"] if part != "[key]"]
    if "unknown" in context:
        parts.append(str(context["unknown"]))
    if (words := IN_WORDS.get(detail["type"])) is not None:
        problem, cure = (text.format(**context) for text in words)
        return _dotted(parts), problem, cure
    problem = detail["msg"].removeprefix("Value error, ")
    return _dotted(parts), problem[:1].lower() + problem[1:], str(context.get("cure", ""))


def _dotted(parts: list[int | str]) -> str:
    shown = ""
    for part in parts:
        if isinstance(part, int):
            shown += f"[{part}]"
            continue
        plain = part.isascii() and part.replace("-", "_").replace(".", "_").isidentifier()
        short = part if len(part) <= SHOWN_KEY else part[:SHOWN_KEY] + "..."
        shown += ("." if shown else "") + (short if plain else json.dumps(short))
    return shown
