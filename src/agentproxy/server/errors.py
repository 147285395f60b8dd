"""The answers to requests that cannot be followed."""

import json
import math

from fastapi import Request, Response
from fastapi.exceptions import RequestValidationError

MAX_SHOWN_INPUT = 200  # characters


async def refuse_invalid(_request: Request, error: Exception) -> Response:
    """Answers 422 in the library's form. Its own cannot tell of an infinite number: it fails."""
    assert isinstance(error, RequestValidationError)
    details = [
        {
            "type": each["type"],
            "loc": each["loc"],
            "msg": each["msg"],
            "input": _shown(each.get("input")),
        }
        for each in error.errors()
    ]
    text = json.dumps({"detail": details})
    return Response(text, status_code=422, media_type="application/json")


def _shown(given: object) -> object:
    if isinstance(given, float) and not math.isfinite(given):
        return str(given)
    if given is None or isinstance(given, bool | int | float):
        return given
    text = given if isinstance(given, str) else repr(given)
    return text if len(text) <= MAX_SHOWN_INPUT else text[:MAX_SHOWN_INPUT] + "..."
