"""Settings of the conversation service, under their documented names."""

import ipaddress
import json
from collections.abc import Mapping
from typing import Annotated, Literal, get_args

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from agentproxy.config.mistakes import BadSetting, first_mistake
from agentproxy.config.sign_in import GOOGLE_KEYS, AllowedEntry, ClientId, KeysAddress
from agentproxy.config.words import (
    Decimal,
    EffortWord,
    PositiveSeconds,
    Seconds,
    SingleLine,
    Whole,
    refusal,
    seconds_of,
)

OWN_PREFIX = "OPENAGENT_"  # wins over the bare name, which other programs may use too
CURES = {
    "model": "give the name of a model; pa models shows the forms",
    "llm_provider": "give anthropic, openai, gemini, ollama, groq, deepseek, openrouter or runpod",
    "max_turns": "give a whole number from 1 to 10000",
    "max_token_budget": "give a whole number of tokens from 1 to 1000000000",
    "max_output_tokens": "give a whole number of tokens from 1 to 1000000",
    "context_window": "give a whole number of tokens from 1000 to 100000000",
    "compact_threshold": "give a share of the context from 0.1 to 1",
    "workspace_dir": "give the path of a folder",
    "workspace_shared": "give true or false",
    "workspace_cleanup_delay": "give seconds, or like 90s, 30m, 2h; or never",
    "skills_dir": "give the path of a folder",
    "prompts_dir": "give the path of a folder",
    "mcp_servers_file": "give the path of a file",
    "bash_timeout": "give seconds, or like 90s, 30m, 2h",
    "background_timeout": "give seconds, or like 90s, 30m, 2h",
    "allowed_commands": 'give names with commas between them, or JSON like ["ls", "cat"]',
    "max_running_tasks": "give a whole number from 1 to 10000",
    "max_active_conversations": "give a whole number from 1 to 100000",
    "session_grace": "give seconds, or like 90s, 30m, 2h; 0 ends a session at once",
    "request_head_timeout": "give seconds, or like 90s, 30m, 2h",
    "request_body_timeout": "give seconds, or like 90s, 30m, 2h",
    "subagent_model": "give the name of a model; pa models shows the forms",
    "teammate_model": "give the name of a model; pa models shows the forms",
    "max_teammates": "give a whole number from 1 to 100",
    "teammate_idle_timeout": "give seconds, or like 90s, 30m, 2h",
    "teammate_idle_look": "give seconds, or like 90s, 30m, 2h",
    "compact_model": "give the name of a model; pa models shows the forms",
    "temperature": "give a number from 0 to 2, or vendor",
    "subagent_temperature": "give a number from 0 to 2, or vendor",
    "teammate_temperature": "give a number from 0 to 2, or vendor",
    "compact_temperature": "give a number from 0 to 2, or vendor",
    "thinking_enabled": "give true or false",
    "thinking_effort": "give minimal, low, medium, high, xhigh or max",
    "llm_max_retries": "give a whole number from 0 to 100",
    "llm_retry_base_delay": "give seconds from 0 to 3600",
    "llm_retry_max_delay": "give seconds from 0 to 3600",
    "enable_memory": "give true or false",
    "memory_review": "give auto or person",
    "default_preset": "give the name of a preset, such as coding or work",
    "api_key": "give one line of visible text",
    "google_client_id": "give an OAuth client id, such as 123-abc.apps.googleusercontent.com",
    "sign_in_allowed": "give addresses or @domains with commas between, such as a@b.org, @c.org",
    "google_certs_url": "give an address that begins with https://, or http:// on this machine",
    "cors_origins": "give origins with commas between them, such as http://localhost:3500",
    "trusted_proxies": "give addresses or networks with commas between them, such as 10.0.0.0/8",
    "database_url": "give sqlite:///PATH, or nothing for the journal in AGENTPROXY_HOME",
}
NAMES = frozenset({name.upper() for name in CURES} | {OWN_PREFIX + name.upper() for name in CURES})


def _listed(value: object) -> object:
    if not isinstance(value, str):
        return value
    if value.lstrip().startswith("["):
        try:
            return json.loads(value)
        except ValueError:
            raise refusal("not JSON", cure="") from None
    return [part.strip() for part in value.split(",") if part.strip()]


def _is_network(address: str) -> str:
    try:
        ipaddress.ip_network(address)
    except ValueError:
        raise refusal(_no_network(address), cure="") from None
    return address


def _no_network(address: str) -> str:
    try:
        around = ipaddress.ip_network(address, strict=False)
    except ValueError:
        return "no address and no network"
    return f"an address within the network {around}, which is to be named so"


def _is_sqlite(address: str) -> str:
    engine, separator, path = address.partition(":///")
    if engine not in ("sqlite", "sqlite+aiosqlite") or not separator or not path:
        raise refusal("only SQLite keeps the journal so far", cure="")
    return address


Names = Annotated[tuple[SingleLine, ...], BeforeValidator(_listed), Field(max_length=1000)]
Networks = Annotated[
    tuple[Annotated[SingleLine, AfterValidator(_is_network)], ...],
    BeforeValidator(_listed),
    Field(max_length=100),
]
Allowed = Annotated[tuple[AllowedEntry, ...], BeforeValidator(_listed), Field(max_length=1000)]
Delay = Annotated[
    float | None, BeforeValidator(lambda value: None if value == "never" else seconds_of(value))
]
Temperature = Annotated[
    Annotated[Decimal, Field(ge=0, le=2)] | None,
    BeforeValidator(lambda value: None if value == "vendor" else value),
]
Provider = Literal[
    "anthropic", "openai", "gemini", "ollama", "groq", "deepseek", "openrouter", "runpod"
]
PROVIDERS = frozenset(get_args(Provider))
Pause = Annotated[Decimal, Field(ge=0, le=3600)]
Tokens = Annotated[Whole, Field(ge=1, le=1_000_000_000)]


class ChatSettings(BaseModel):
    """Times are in seconds, sizes in tokens."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    model: SingleLine = "claude-sonnet-4-5-20250929"
    llm_provider: Provider | None = None  # whose the names of models without a form are
    max_turns: Annotated[Whole, Field(ge=1, le=10_000)] = 50
    max_token_budget: Tokens = 200_000  # for one message of the user
    max_output_tokens: Annotated[Tokens, Field(le=1_000_000)] = 16_384
    context_window: Annotated[Tokens, Field(ge=1000, le=100_000_000)] = 200_000
    compact_threshold: Annotated[Decimal, Field(ge=0.1, le=1)] = 0.7
    workspace_dir: SingleLine = "workspace"
    workspace_shared: bool = False
    workspace_cleanup_delay: Delay = 300.0  # None: never
    skills_dir: SingleLine = "skills"
    prompts_dir: SingleLine = "prompts"
    mcp_servers_file: SingleLine = "mcp_servers.json"
    bash_timeout: PositiveSeconds = 60.0
    background_timeout: PositiveSeconds = 300.0
    allowed_commands: Names = ()  # for bash; empty allows all
    subagent_model: SingleLine | None = None  # None: that of the conversation
    teammate_model: SingleLine | None = None
    max_teammates: Annotated[Whole, Field(ge=1, le=100)] = 5  # of one conversation, at once
    teammate_idle_timeout: PositiveSeconds = 60.0  # without work
    teammate_idle_look: PositiveSeconds = 5.0  # between two looks at the board (OA-159)
    max_running_tasks: Annotated[Whole, Field(ge=1, le=10_000)] = 20
    max_active_conversations: Annotated[Whole, Field(ge=1, le=100_000)] = 1000
    session_grace: Seconds = 30.0
    request_head_timeout: PositiveSeconds = 10.0  # for the whole head of a request
    request_body_timeout: PositiveSeconds = 20.0  # in which at least 20 KiB of a body come
    compact_model: SingleLine | None = None  # None: that of the conversation
    temperature: Temperature = None  # None: the vendor's own (decision 30)
    subagent_temperature: Temperature = None
    teammate_temperature: Temperature = None
    compact_temperature: Temperature = 0.2
    thinking_enabled: bool = False  # of conversations that do not say
    thinking_effort: EffortWord = "high"
    # None: as for everything else that asks models.
    llm_max_retries: Annotated[Whole, Field(ge=0, le=100)] | None = None
    llm_retry_base_delay: Pause | None = None
    llm_retry_max_delay: Pause | None = None
    enable_memory: bool = True
    memory_review: Literal["auto", "person"] = "auto"
    default_preset: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$")] = "coding"
    api_key: SingleLine | None = Field(default=None, repr=False)
    google_client_id: ClientId | None = None  # None: nobody has to sign in
    sign_in_allowed: Allowed = ()
    google_certs_url: KeysAddress = GOOGLE_KEYS
    cors_origins: Names | None = None
    trusted_proxies: Networks = ()
    database_url: Annotated[SingleLine, AfterValidator(_is_sqlite)] | None = None

    @property
    def summarise_at(self) -> int:
        """The tokens of a question at which older messages become a summary."""
        return int(self.context_window * self.compact_threshold)

    @property
    def journal(self) -> str:
        """The path of the journal that DATABASE_URL names, or ""."""
        return self.database_url.partition(":///")[2] if self.database_url else ""


def load_provider(variables: Mapping[str, str]) -> ChatSettings:
    """Returns the defaults with the provider alone. A name that is none of ours counts as not set.

    Other programs use that variable too: what serves nobody does not stop at it.
    """
    named = variables.get(OWN_PREFIX + "LLM_PROVIDER") or variables.get("LLM_PROVIDER")
    return ChatSettings.model_validate({"llm_provider": named} if named in PROVIDERS else {})


def load_chat_settings(variables: Mapping[str, str], *, origins: Mapping[str, str]) -> ChatSettings:
    """Returns the settings from variables. Raises BadSetting, with the source from `origins`."""
    given: dict[str, str] = {}
    names: dict[str, str] = {}
    for field in CURES:
        for name in (field.upper(), OWN_PREFIX + field.upper()):
            # An empty value counts as not set: `NAME=` in a `.env` means no choice.
            if variables.get(name, ""):
                given[field], names[field] = variables[name], name
    try:
        settings = ChatSettings.model_validate(given)
    except ValidationError as error:
        key, problem, _ = first_mistake(error)
        field = key.split(".")[0].split("[")[0]
        raise BadSetting(
            problem, variable=names[field], origin=origins[names[field]], cure=CURES[field]
        ) from None
    if settings.llm_provider not in (None, "anthropic") and "model" not in given:
        name = names["llm_provider"]
        raise BadSetting(
            "MODEL is not set, and is a model of Anthropic then",
            variable=name,
            origin=origins[name],
            cure="set MODEL to a model of this vendor",
        )
    if settings.sign_in_allowed and settings.google_client_id is None:
        # Who writes the one believes that the door is shut.
        raise BadSetting(
            "without GOOGLE_CLIENT_ID nobody has to sign in",
            variable=(name := names["sign_in_allowed"]),
            origin=origins[name],
            cure="set GOOGLE_CLIENT_ID too, or leave SIGN_IN_ALLOWED out",
        )
    return settings
