"""Which parameters a model is asked with: three layers, of which the later wins."""

from collections.abc import Mapping

from pydantic import JsonValue

Parameters = Mapping[str, JsonValue]


def layered(
    model: str,
    agent: str,
    *,
    of_models: Mapping[str, Parameters],
    of_agents: Mapping[str, Parameters],
    explicit: Parameters,
) -> dict[str, JsonValue]:
    """The parameters for an agent that asks a model: those of the model, over them the agent's, and
    over both what is asked explicitly. A key of `of_models` is a model's name, or the beginning of
    names up to a "/"; the longer one wins.
    """
    fitting = [key for key in of_models if key == model or _begins(key, model)]
    found: dict[str, JsonValue] = {}
    for key in sorted(fitting, key=len):
        found.update(of_models[key])
    return {**found, **of_agents.get(agent, {}), **explicit}


def _begins(key: str, model: str) -> bool:
    return key.endswith("/") and model.startswith(key)
