"""Merges the parameters of a question from three layers. The later layer wins; pure."""

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
    """Returns the model's parameters, overlaid by the agent's, overlaid by the explicit ones.

    A key of `of_models` is a model's name, or a prefix that ends in "/". The longer key wins.
    """
    fitting = [key for key in of_models if key == model or _begins(key, model)]
    found: dict[str, JsonValue] = {}
    for key in sorted(fitting, key=len):
        found.update(of_models[key])
    return {**found, **of_agents.get(agent, {}), **explicit}


def _begins(key: str, model: str) -> bool:
    return key.endswith("/") and model.startswith(key)
