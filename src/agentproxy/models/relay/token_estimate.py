"""Estimates the tokens of a question from its bytes and its pictures; pure."""

from collections.abc import Iterator

from agentproxy.models.budget import BYTES_PER_TOKEN, TOKENS_PER_IMAGE
from agentproxy.models.relay.request_allowlist import JsonObject, fold, objects

# Base64 counts as a picture only where a vendor sees one. Anywhere else it is billed as text.
_PLACES = ("messages", "input", "contents")
_MEDIA = frozenset({"mediatype", "mimetype"})
_WITHIN = frozenset({"content", "output", "parts", "functionresponse"})


def question_tokens(body: JsonObject, size: int) -> int:
    """Returns the estimated tokens of a question whose body has `size` bytes."""
    pictures = [each for place in _PLACES for each in _pictures(body.get(place))]
    # A picture never counts more than its bytes.
    cheap = [each for each in pictures if each > TOKENS_PER_IMAGE * BYTES_PER_TOKEN]
    return (size - sum(cheap)) // BYTES_PER_TOKEN + TOKENS_PER_IMAGE * len(cheap)


def _pictures(value: object) -> Iterator[int]:
    # The length of each picture in base64.
    for name, held in (named for each in objects(value) for named in each.items()):
        match fold(name):
            case "source" | "inlinedata":
                yield from (_inline(each) for each in objects(held))
            case "imageurl":
                urls = [held, *(each.get("url") for each in objects(held))]
                yield from (_data_url(url) for url in urls)
            case within if within in _WITHIN:
                yield from _pictures(held)
            case _:
                pass


def _inline(source: JsonObject) -> int:
    kind = next((value for name, value in source.items() if fold(name) in _MEDIA), "")
    if not isinstance(kind, str) or not kind.startswith("image/"):
        return 0
    data = source.get("data")
    whole = source.get("type", "base64") == "base64"
    return len(data) if whole and isinstance(data, str) else 0


def _data_url(url: object) -> int:
    return len(url) if isinstance(url, str) and url.startswith("data:image/") else 0
