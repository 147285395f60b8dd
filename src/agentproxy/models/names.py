"""Finds the model that a name means, with its key and address from the environment."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import IPv4Address
from typing import Literal
from urllib.parse import urlsplit

from agentproxy.models.port import ModelRefused

Wire = Literal["anthropic", "openai chat", "openai responses", "gemini"]

# Vendors with OpenAI's chat interface. Only the user knows the address of a RunPod endpoint.
PUBLIC: dict[str, str] = {
    "ollama": "http://localhost:11434/v1",
    "groq": "https://api.groq.com/openai/v1",
    "deepseek": "https://api.deepseek.com/v1",
    "openrouter": "https://openrouter.ai/api/v1",
    "runpod": "",
}
USUAL: dict[str, str] = {
    "anthropic": "https://api.anthropic.com",
    "openai": "https://api.openai.com/v1",
    "gemini": "https://generativelanguage.googleapis.com",
}
KEYLESS = frozenset({"ollama"})
_KEY = re.compile(r"[!-~]+\Z")  # one word that a header of HTTP can hold
_NUMBERS = re.compile(r"[0-9.]+\Z")
_LONGEST_BASE = 2000
DEFAULTS = (
    ("ANTHROPIC_API_KEY", "claude-sonnet-4-6"),
    ("OPENAI_API_KEY", "gpt-4o"),
    ("GEMINI_API_KEY", "gemini/gemini-2.5-pro"),
    ("GOOGLE_API_KEY", "gemini/gemini-2.5-pro"),
    ("GROQ_API_KEY", "groq/llama-3.3-70b-versatile"),
    ("DEEPSEEK_API_KEY", "deepseek/deepseek-chat"),
)
KNOWN = (
    "claude-FAMILY-VERSION, gpt-VERSION, responses/gpt-VERSION, gemini/MODEL, ollama/MODEL, "
    "groq/MODEL, deepseek/MODEL, openrouter/ORG/MODEL, runpod/MODEL, scripted:FILE"
)


class UnknownModel(ModelRefused):
    """A name that is spelled like no model."""


class Mistyped(ModelRefused):
    """A vendor's variable holds an invalid key or address."""

    def __init__(self, message: str, *, cure: str, vendor: str) -> None:
        super().__init__(message, cure=cure)
        self.vendor = vendor


@dataclass(frozen=True, slots=True)
class ModelAddress:
    """A model at its vendor. `key` is "" if it needs none; `base` is "" for the usual address."""

    wire: Wire
    vendor: str
    model: str
    key: str
    base: str


def find_model(name: str, environ: Mapping[str, str], *, provider: str = "") -> ModelAddress:
    """Returns the model that a name means. A name without a form is a model of `provider`.

    Raises:
        ModelRefused: the name is missing, or a variable that it needs is not set.
        UnknownModel: the name is spelled like no model.
        Mistyped: a variable holds an invalid key or address.
    """
    if not name:
        raise ModelRefused("no model is chosen", cure=f"choose one with --model: {KNOWN}")
    prefix, _, rest = name.partition("/")
    if name.startswith("claude-"):
        return _vendor("anthropic", name, wire="anthropic", environ=environ)
    if name.startswith(("gpt-", "o1", "o3", "o4")):
        return _vendor("openai", name, wire="openai chat", environ=environ)
    if prefix == "responses" and rest:
        return _vendor("openai", rest, wire="openai responses", environ=environ)
    if prefix == "gemini" and rest:
        return _vendor("gemini", rest, wire="gemini", environ=environ)
    if prefix in PUBLIC and rest:
        return _compatible(prefix, rest, environ)
    if provider:
        return _provided(provider, name, environ)
    raise UnknownModel(
        f"there is no model {json.dumps(name)}",
        cure=f"write one of: {KNOWN}; or set LLM_PROVIDER to the vendor whose model it is",
    )


def usual_base(vendor: str) -> str:
    """Returns the documented address of a vendor, or ""."""
    return PUBLIC.get(vendor) or USUAL.get(vendor, "")


def default_model(environ: Mapping[str, str]) -> str:
    """Returns the documented model of the first vendor with a key, or ""."""
    return next((model for variable, model in DEFAULTS if environ.get(variable)), "")


def _vendor(vendor: str, model: str, *, wire: Wire, environ: Mapping[str, str]) -> ModelAddress:
    key = _key(vendor, environ)
    if not key:
        variable = f"{vendor.upper()}_API_KEY"
        raise ModelRefused(f"the model {model} needs {variable}", cure=f"set {variable}")
    return ModelAddress(wire, vendor, model, key, _base(vendor, environ))


def _provided(provider: str, model: str, environ: Mapping[str, str]) -> ModelAddress:
    match provider:
        case "anthropic" | "gemini":
            return _vendor(provider, model, wire=provider, environ=environ)
        case "openai":
            return _vendor(provider, model, wire="openai chat", environ=environ)
        case _:
            return _compatible(provider, model, environ)


def _compatible(vendor: str, model: str, environ: Mapping[str, str]) -> ModelAddress:
    key = _key(vendor, environ)
    if not key and vendor not in KEYLESS:
        variable = f"{vendor.upper()}_API_KEY"
        raise ModelRefused(f"the model {vendor}/{model} needs {variable}", cure=f"set {variable}")
    base = _base(vendor, environ) or PUBLIC[vendor]
    if not base:
        variable = f"{vendor.upper()}_BASE_URL"
        raise ModelRefused(f"the model {vendor}/{model} needs {variable}", cure=f"set {variable}")
    return ModelAddress("openai chat", vendor, model, key, base)


def _key(vendor: str, environ: Mapping[str, str]) -> str:
    variable = f"{vendor.upper()}_API_KEY"
    if vendor == "gemini" and not environ.get(variable):
        variable = "GOOGLE_API_KEY"
    key = environ.get(variable, "")
    if key and not _KEY.match(key):
        raise Mistyped(
            f"{variable} holds a space, a line end or a character that no key has",
            cure=f"set {variable} to the key alone, without spaces or line ends",
            vendor=vendor,
        )
    return key


def _base(vendor: str, environ: Mapping[str, str]) -> str:
    variable = f"{vendor.upper()}_BASE_URL"
    base = environ.get(variable, "")
    if base and not _is_address(base):
        raise Mistyped(
            f"{variable} is not an address",
            cure=f"set {variable} to an address such as https://HOST/v1 or http://localhost:8000/v1",
            vendor=vendor,
        )
    return base


@lru_cache(maxsize=64)
def _is_address(base: str) -> bool:
    try:
        parts = urlsplit(base)
        host = parts.hostname or ""
        host.encode("idna")
        if _NUMBERS.match(host):
            IPv4Address(host)
        usable = parts.scheme in ("http", "https") and host != "" and parts.port != 0
    except ValueError:
        return False
    return usable and len(base) <= _LONGEST_BASE and _KEY.match(base) is not None
