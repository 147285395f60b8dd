"""Lists models, their prices, their needs, and their vendors' endpoints."""

import asyncio
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from urllib.parse import urlsplit

from agentproxy.app.context import Project
from agentproxy.app.models import address_of, has_libraries, variables
from agentproxy.events.conversation import Usage
from agentproxy.models.names import Mistyped, ModelAddress, default_model, find_model, usual_base
from agentproxy.models.port import ModelRefused
from agentproxy.models.prices import Prices
from agentproxy.text.addresses import without_user

PRICED_TOKENS = 100_000  # tokens; some vendors ask more beyond 200,000
REACH_SECONDS = 3.0
DOCUMENTED = (
    "claude-sonnet-4-6",
    "claude-haiku-4-5",
    "gpt-4o",
    "gpt-4o-mini",
    "responses/gpt-4o",
    "gemini/gemini-2.5-pro",
    "groq/llama-3.3-70b-versatile",
    "deepseek/deepseek-chat",
    "openrouter/ORG/MODEL",
    "ollama/MODEL",
    "runpod/MODEL",
)


@dataclass(frozen=True, slots=True)
class ModelRow:
    """One model. Prices are US dollars per million tokens, None when unknown.

    `needs` says what is missing, "" for a model that can be used.
    """

    model: str
    ready: bool
    needs: str
    where: str
    usd_in: float | None
    usd_out: float | None
    role: str = ""


def list_models(project: Project) -> list[ModelRow]:
    """Returns documented, chosen and priced models. Blocking."""
    roles = _roles(project)
    own = [name for name in project.settings.models.model_pricing if not name.endswith("/")]
    names = dict.fromkeys([*roles, *DOCUMENTED, *own])
    prices = Prices(project.settings.models.model_pricing)
    return [_row(name, project, prices=prices, role=roles.get(name, "")) for name in names]


def _roles(project: Project) -> dict[str, str]:
    settings = project.settings
    default = default_model(variables(project)) if has_libraries() else ""
    roles: dict[str, str] = {}
    for role, name in (
        ("worker", settings.model or default),
        ("supervisor", settings.judge or default),
        ("fallback", settings.models.model_fallback or ""),
    ):
        if name and name != "none":
            roles[name] = f"{roles[name]}, {role}" if name in roles else role
    return roles


def _row(name: str, project: Project, *, prices: Prices, role: str) -> ModelRow:
    needs, where = "", ""
    try:
        where = without_user(_where(address_of(name, project)))
    except ModelRefused as error:
        needs = error.cure or str(error)
    sides = (Usage(input=PRICED_TOKENS), Usage(output=PRICED_TOKENS))
    scale = 1_000_000 / PRICED_TOKENS
    usd_in, usd_out = (prices.of(name, side) for side in sides)
    return ModelRow(
        model=name,
        ready=not needs,
        needs=needs,
        where=where,
        usd_in=round(usd_in.usd * scale, 6) if usd_in.known else None,
        usd_out=round(usd_out.usd * scale, 6) if usd_out.known else None,
        role=role,
    )


def _where(address: ModelAddress) -> str:
    return address.base or usual_base(address.vendor)


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A vendor's address, and whether it accepts connections; no key is sent."""

    vendor: str
    works: bool
    detail: str
    cure: str = ""


async def look_at_endpoints(project: Project) -> Sequence[Endpoint]:
    found: dict[str, str] = {}
    mistyped: dict[str, Endpoint] = {}
    given = variables(project)
    for name in DOCUMENTED:
        try:
            address = find_model(name, given)
        except Mistyped as error:
            mistyped[error.vendor] = Endpoint(
                error.vendor, works=False, detail=str(error), cure=error.cure
            )
            continue
        except ModelRefused:
            continue
        # Ollama needs no key. Only a set address shows that the user has it.
        if address.vendor == "ollama" and "OLLAMA_BASE_URL" not in given:
            continue
        found[address.vendor] = _where(address)
    reached = await asyncio.gather(*(_reach(vendor, where) for vendor, where in found.items()))
    return [*reached, *mistyped.values()]


async def _reach(vendor: str, address: str) -> Endpoint:
    parts, where = urlsplit(address), without_user(address)
    port = parts.port or (443 if parts.scheme == "https" else 80)
    try:
        async with asyncio.timeout(REACH_SECONDS):
            _, writer = await asyncio.open_connection(parts.hostname, port)
    except (OSError, TimeoutError) as error:
        timed_out = isinstance(error, TimeoutError)
        why = f"no answer within {REACH_SECONDS:g} s" if timed_out else str(error)
        cure = f"check {vendor.upper()}_BASE_URL and the network"
        return Endpoint(vendor, works=False, detail=f"{where}: {why}", cure=cure)
    with closing(writer):
        return Endpoint(vendor, works=True, detail=f"{where} answers")
