"""The settings of one start: from the process, `.env`, and the user's defaults."""

import re
from collections.abc import Mapping
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from agentproxy.config.chat import NAMES as CHAT_NAMES
from agentproxy.config.chat import ChatSettings, load_chat_settings, load_provider
from agentproxy.config.envfile import parse_env, read_env
from agentproxy.config.files import as_text
from agentproxy.config.llm import NAMES, ModelSettings, load_model_settings
from agentproxy.config.mistakes import BadSetting, first_mistake
from agentproxy.config.telemetry import OTEL, TelemetrySettings, load_telemetry_settings
from agentproxy.config.user import Defaults
from agentproxy.config.words import (
    BuildChoice,
    Jobs,
    KeepChoice,
    Money,
    MutantChoice,
    OutputStyle,
    PositiveSeconds,
    Rounds,
    SandboxChoice,
    Seconds,
    SingleLine,
)
from agentproxy.text.sensitive import SECRET_VARIABLE

PREFIX = "AGENTPROXY_"
PROCESS = "the environment"
SHORTEST_SECRET = 6  # characters
ADDRESS = re.compile(r"(^|_)(URL|URI|HOST|ENDPOINT|PROXY|BASE|ADDRESS)$", re.IGNORECASE)
CURES = {
    "home": "give an absolute path, or one that begins with ~/",
    "worker": "give the name of a worker; pa doctor lists them",
    "model": "give the name of a model, such as scripted:FILE",
    "judge": "give the name of a model, or none",
    "budget": "give US dollars above 0, such as 2.50",
    "max_rounds": "give a whole number from 1 to 1000",
    "max_time": "give seconds, or like 90s, 30m, 2h",
    "sandbox": "give auto or plain",
    "output": "give rich, plain or json",
    "hold": "give seconds, or like 90s, 30m, 2h; 0 parks immediately",
    "build": "give auto or never",
    "keep_bases": "give auto or never",
    "mutants": "give tests or all",
    "jobs": "give a whole number from 1 to 64",
}


class Settings(BaseModel):
    """All settings of one start. Times are in seconds."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    home: Path
    worker: SingleLine | None = None
    model: SingleLine | None = None
    judge: SingleLine | None = None
    budget: Money | None = None
    max_rounds: Rounds = 3
    max_time: PositiveSeconds | None = None
    sandbox: SandboxChoice = "auto"
    output: OutputStyle | None = None  # None: as the terminal allows
    hold: Seconds = 600.0
    build: BuildChoice = "auto"
    keep_bases: KeepChoice = "auto"
    mutants: MutantChoice = "tests"
    jobs: Jobs | None = None  # None: one for each core that this process may use
    # Variables that a model or a worker may need.
    keys: dict[str, str] = Field(default_factory=dict, repr=False)
    addresses: dict[str, str] = Field(default_factory=dict, repr=False)
    # All values that look like keys, for redaction. Longest first: one may contain another.
    secrets: tuple[str, ...] = Field(default=(), repr=False)
    models: ModelSettings = ModelSettings()
    # The defaults and the provider, unless a server asked for them all.
    chat: ChatSettings = ChatSettings()
    telemetry: TelemetrySettings = TelemetrySettings()
    ignored: tuple[str, ...] = ()  # names from an untrusted `.env` that do not count


def load_settings(
    directory: Path | None,
    environ: Mapping[str, str],
    *,
    trusted: bool,
    defaults: Defaults | None = None,
    serves: bool = False,
) -> Settings:
    """Returns the settings for a start in a directory: `environ`, then `.env`, then `defaults`.

    An empty value counts as not set. `serves` also reads the settings of the conversation service:
    other programs use its short names too, so nothing else stops at them. Of those, only the
    provider of models counts everywhere.

    Raises:
        BadSetting: a variable has a value that is not valid.
        BadFile: the `.env` cannot be read.
    """
    file = directory / ".env" if directory else None
    written, ignored = _read_file(file, trusted=trusted) if file else ({}, ())
    origins = {name: str(file) for name, value in written.items() if value}
    merged = {name: value for name, value in written.items() if value}
    for name, value in environ.items():
        if value:
            merged[name], origins[name] = value, PROCESS
    given: dict[str, object] = defaults.given() if defaults else {}
    for field in CURES:
        if (name := PREFIX + field.upper()) in merged:
            given[field] = merged[name]
    given["home"] = _home(merged, origins)
    given["keys"] = {name: value for name, value in merged.items() if SECRET_VARIABLE.search(name)}
    given["addresses"] = {name: value for name, value in merged.items() if ADDRESS.search(name)}
    given["secrets"] = _secrets(environ, written)
    given["ignored"] = ignored
    given["models"] = load_model_settings(merged, origins=origins)
    given["telemetry"] = load_telemetry_settings(merged, origins=origins)
    given["chat"] = load_chat_settings(merged, origins=origins) if serves else load_provider(merged)
    try:
        return Settings.model_validate(given)
    except ValidationError as error:
        key, problem, cure = first_mistake(error)
        name = PREFIX + key.upper()
        raise BadSetting(
            problem,
            variable=name,
            origin=origins.get(name, "the user's defaults"),
            cure=CURES.get(key, cure),
        ) from None


def _read_file(file: Path, *, trusted: bool) -> tuple[dict[str, str], tuple[str, ...]]:
    # A link from a repository could lead to any file of the user.
    data = read_env(file, follow=trusted)
    if data is None:
        return {}, ((".env (a symbolic link)",) if file.is_symlink() and not trusted else ())
    found = parse_env(as_text(data, source=str(file)), source=str(file))
    if trusted:
        return found, ()
    # Without trust a `.env` gives only keys. Everything else is named in `ignored`.
    kept = {name: value for name, value in found.items() if SECRET_VARIABLE.search(name)}
    dropped = (name for name in found if _needs_trust(name))
    return kept, tuple(sorted(name for name in dropped if name not in kept))


def _needs_trust(name: str) -> bool:
    # These decide what is done, what is paid, and where requests go.
    return (
        name.startswith((PREFIX, OTEL))
        or name in (NAMES | CHAT_NAMES)
        or ADDRESS.search(name) is not None
    )


def _home(merged: Mapping[str, str], origins: Mapping[str, str]) -> Path:
    from platformdirs import user_data_path

    name = PREFIX + "HOME"
    if name not in merged:
        return user_data_path("agentproxy", appauthor=False)
    text = merged[name]
    if text.startswith("~/"):
        text = str(Path(merged.get("HOME") or Path.home()) / text[2:])
    if not text.startswith("/") or "\0" in text:
        raise BadSetting(
            "not an absolute path", variable=name, origin=origins[name], cure=CURES["home"]
        )
    return Path(text)


def _secrets(*places: Mapping[str, str]) -> tuple[str, ...]:
    # Shorter values ("true", "4096") also occur in harmless text.
    found = {
        value.strip()
        for place in places
        for name, value in place.items()
        if SECRET_VARIABLE.search(name) and len(value.strip()) >= SHORTEST_SECRET
    }
    return tuple(sorted(found, key=lambda value: (-len(value), value)))
