"""Settings for model calls: retries, fallback, prices and parameters."""

import json
from collections.abc import Mapping
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, JsonValue, ValidationError

from agentproxy.config.mistakes import BadSetting, first_mistake
from agentproxy.config.words import Decimal, SingleLine, Whole, refusal

CURES = {
    "llm_max_retries": "give a whole number from 0 to 100",
    "llm_retry_base_delay": "give seconds from 0 to 3600",
    "llm_retry_max_delay": "give seconds from 0 to 3600",
    "model_fallback": "give the name of a model; pa models shows the forms",
    "model_pricing": 'give JSON like {"MODEL": [IN, OUT]}, US dollars for a million tokens',
    "model_llm_params": 'give JSON like {"ollama/": {"temperature": 0.1}}',
    "agent_llm_params": 'give JSON like {"builtin": {"temperature": 0.1}}',
}

NAMES = frozenset(field.upper() for field in CURES)


def _from_json(value: object) -> object:
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except ValueError:
        raise refusal("not JSON", cure="") from None


Rate = Annotated[Decimal, Field(ge=0, le=1_000_000)]
Delay = Annotated[Decimal, Field(ge=0, le=3600)]
ParameterTable = Annotated[
    dict[SingleLine, dict[SingleLine, JsonValue]], BeforeValidator(_from_json)
]


class ModelSettings(BaseModel):
    """Times are in seconds. None means the default of the caller."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    llm_max_retries: Annotated[Whole, Field(ge=0, le=100)] | None = None
    llm_retry_base_delay: Delay | None = None
    llm_retry_max_delay: Delay | None = None
    model_fallback: SingleLine | None = None
    model_pricing: Annotated[dict[SingleLine, tuple[Rate, Rate]], BeforeValidator(_from_json)] = (
        Field(default_factory=dict)
    )
    model_llm_params: ParameterTable = Field(default_factory=dict)
    agent_llm_params: ParameterTable = Field(default_factory=dict)


def load_model_settings(
    variables: Mapping[str, str], *, origins: Mapping[str, str]
) -> ModelSettings:
    """Returns the settings from variables. Raises BadSetting, with the source from `origins`."""
    # An empty value counts as not set: `NAME=` in a `.env` means no choice.
    given = {field: variables[field.upper()] for field in CURES if variables.get(field.upper(), "")}
    try:
        return ModelSettings.model_validate(given)
    except ValidationError as error:
        key, problem, _ = first_mistake(error)
        field = key.split(".")[0].split("[")[0]
        raise BadSetting(
            problem,
            variable=field.upper() + key[len(field) :],
            origin=origins[field.upper()],
            cure=CURES[field],
        ) from None
