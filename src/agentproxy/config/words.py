"""Value types that settings and files share: durations, names, paths."""

import math
import re
from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field
from pydantic_core import PydanticCustomError

from agentproxy.text.git_folder import is_git_folder

SandboxChoice = Literal["auto", "plain"]
BuildChoice = Literal["auto", "never"]
KeepChoice = Literal["auto", "never"]
MutantChoice = Literal["tests", "all"]
OutputStyle = Literal["rich", "plain", "json"]
EffortWord = Literal["minimal", "low", "medium", "high", "xhigh", "max"]

MAX_MONEY = 1_000_000.0
MAX_DURATION_SECONDS = 365 * 24 * 3600.0
UNIT_SECONDS = {"": 1.0, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
DURATION = re.compile(r"([0-9]{1,9}(?:\.[0-9]{1,6})?)(?: ?([smhd]))?")
NUMBER = re.compile(r"[0-9]{1,9}(?:\.[0-9]{1,9})?|\.[0-9]{1,9}")
HOST = re.compile(r"(?:\*\.)?[A-Za-z0-9](?:[A-Za-z0-9.-]{0,251}[A-Za-z0-9])?:([0-9]{1,5})")
LITERAL_V6 = re.compile(r"\[[0-9A-Fa-f:.]{2,45}\]:([0-9]{1,5})")


def refusal(problem: str, *, cure: str) -> PydanticCustomError:
    """Returns an error with a cure. It does not repeat the value."""
    return PydanticCustomError("refused", "{problem}", {"problem": problem, "cure": cure})


def seconds_of(value: object) -> float:
    """Returns seconds from a number, or from "90", "90s", "30m", "2h", "1d".

    Raises:
        PydanticCustomError: another form, negative, or longer than a year.
    """
    seconds = math.nan
    if isinstance(value, int | float) and not isinstance(value, bool):
        # Compared first: `float` raises for an integer with thousands of digits.
        seconds = float(value) if -1 <= value <= MAX_DURATION_SECONDS + 1 else math.inf
    elif isinstance(value, str) and (found := DURATION.fullmatch(value)):
        seconds = float(found[1]) * UNIT_SECONDS[found[2] or ""]
    if not 0 <= seconds <= MAX_DURATION_SECONDS:
        raise refusal("not a duration", cure="write seconds, or like 90s, 30m, 2h; at most 365d")
    return seconds


def _plain_number(value: object) -> object:
    # Stricter than `float`, which also reads "1e3", " 1 ", "1_0" and "nan".
    if isinstance(value, str) and not NUMBER.fullmatch(value):
        raise refusal("not a plain number", cure="write digits, such as 12 or 2.50")
    return value


def _above_zero(seconds: float) -> float:
    if seconds == 0:
        raise refusal("0 seconds is too short", cure="write more than 0 seconds")
    return seconds


def _visible(text: str) -> str:
    if not text.strip():
        raise refusal("only blanks", cure="write a value, or leave it out")
    return text


def _without_controls(text: str) -> str:
    if any(not (sign.isprintable() or sign == "\t") for sign in text):
        raise refusal("contains a control character", cure="write it as one line of visible text")
    return text


def _without_nul(text: str) -> str:
    if "\0" in text:
        raise refusal("contains a NUL character", cure="remove it")
    return text


def _inside(path: str) -> str:
    if path.startswith(("/", "~")) or ".." in path.split("/") or "\\" in path:
        raise refusal("leads out of its folder", cure="write a path below it, without .. or ~")
    return path


def _not_git(path: str) -> str:
    if any(is_git_folder(part) for part in path.split("/")):
        raise refusal("names git's own folder", cure="leave .git out")
    return path


def _matchable(path: str) -> str:
    parts = [part for part in path.split("/") if part not in ("", ".")]
    if not parts:
        raise refusal("names no file", cure="write a path or a pattern, such as conf/*.json")
    if any("**" in part and part != "**" for part in parts):
        raise refusal("has ** beside other characters", cure="write it alone, as in conf/**/*.json")
    return path


def _absolute(path: str) -> str:
    if not path.startswith(("/", "~/")) or ".." in path.split("/"):
        raise refusal("not an absolute path", cure="begin it with / or ~/ and leave .. out")
    return path


def _environment_folder(path: str) -> str:
    return _absolute(path) if path.startswith(("/", "~")) else _inside(path)


def _host(text: str) -> str:
    found = HOST.fullmatch(text) or LITERAL_V6.fullmatch(text)
    if not found or not 1 <= int(found[1]) <= 65535 or ".." in text:
        raise refusal("not a host with a port", cure="write it like api.example.com:443")
    return text


Seconds = Annotated[float, BeforeValidator(seconds_of)]
PositiveSeconds = Annotated[Seconds, AfterValidator(_above_zero)]
Decimal = Annotated[float, BeforeValidator(_plain_number), Field(allow_inf_nan=False)]
Whole = Annotated[int, BeforeValidator(_plain_number)]
Money = Annotated[Decimal, Field(gt=0, le=MAX_MONEY)]
Jobs = Annotated[Whole, Field(ge=1, le=64)]
Rounds = Annotated[Whole, Field(ge=1, le=1000)]
SingleLine = Annotated[
    str,
    Field(min_length=1, max_length=4096),
    AfterValidator(_visible),
    AfterValidator(_without_controls),
]
Script = Annotated[
    str,
    Field(min_length=1, max_length=16384),
    AfterValidator(_visible),
    AfterValidator(_without_nul),
]
Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9 ._:+-]{0,63}$")]
VariableName = Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]{0,127}$")]
VariableValue = Annotated[str, Field(max_length=16384), AfterValidator(_without_nul)]
InnerPath = Annotated[SingleLine, AfterValidator(_inside)]
InnerGlob = Annotated[InnerPath, AfterValidator(_not_git), AfterValidator(_matchable)]
OuterPath = Annotated[SingleLine, AfterValidator(_absolute)]
EnvironmentFolder = Annotated[SingleLine, AfterValidator(_environment_folder)]
HostPort = Annotated[SingleLine, AfterValidator(_host)]
Variables = Annotated[dict[VariableName, VariableValue], Field(max_length=100)]
