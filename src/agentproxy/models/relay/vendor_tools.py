"""Leaves tools that the vendor would run out of a request, where the worker has others; pure."""

import json
from collections.abc import Mapping
from typing import cast

from agentproxy.models.relay.request_allowlist import JsonObject, fold, is_own_tool, own_kind
from agentproxy.models.relay.usage import WireFormat


def without_vendor_tools(
    form: WireFormat, body: dict[str, object]
) -> tuple[dict[str, object], tuple[str, ...]]:
    """Returns the request without these tools, and their kinds.

    A request that has no other tool, or that orders one of them, stays as it is: it is about that
    tool, and is refused later.
    """
    name = next((name for name in body if fold(name) == "tools"), "")
    left_out: dict[str, None] = {}
    kept = _kept(form, body.get(name), left_out) if name else None
    if not left_out or not kept or _orders(body, left_out):
        return body, ()
    return {**body, name: kept}, tuple(left_out)


def _kept(form: WireFormat, tools: object, left_out: dict[str, None]) -> list[object]:
    kept: list[object] = []
    for tool in cast("list[object]", tools) if isinstance(tools, list) else [tools]:
        if isinstance(tool, list):
            inner = _kept(form, cast("object", tool), left_out)
            kept += [inner] if inner else []
        elif isinstance(tool, dict):
            rest = _rest(form, cast("dict[str, object]", tool), left_out)
            kept += [rest] if rest else []
        else:
            kept.append(tool)
    return kept


def _rest(
    form: WireFormat, tool: dict[str, object], left_out: dict[str, None]
) -> dict[str, object]:
    if form == "gemini":
        return _rest_of_gemini(tool, left_out)
    kind = tool.get("type")
    if kind == "namespace":
        inner = _kept(form, tool.get("tools"), left_out)
        return {**tool, "tools": inner} if inner else {}
    if isinstance(kind, str) and not is_own_tool(form, tool):
        left_out[kind] = None
        return {}
    return tool


def _rest_of_gemini(tool: dict[str, object], left_out: dict[str, None]) -> dict[str, object]:
    own = {kind: value for kind, value in tool.items() if own_kind(kind)}
    left_out |= dict.fromkeys(kind for kind in tool if kind not in own)
    return own if any(own.values()) else {}


def _orders(body: JsonObject, left_out: Mapping[str, None]) -> bool:
    ordered = [body.get(name) for name in body if fold(name) in ("toolchoice", "toolconfig")]
    said = json.dumps([each for each in ordered if isinstance(each, dict)])
    return any(json.dumps(kind) in said for kind in left_out)
