"""Which refusals the OpenAPI document promises."""

from http import HTTPStatus
from typing import Any

from pydantic import BaseModel


class Mistake(BaseModel):
    """One field that is wrong."""

    type: str
    loc: list[str | int]
    msg: str
    input: Any = None


class Problem(BaseModel):
    """Why a request is refused. Where they are known: the field, and what cures it."""

    detail: str | list[Mistake]
    field: str = ""
    cure: str = ""


EVERYWHERE = (400, 401, 403, 413, 414, 421, 422, 429, 431)


def promised(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Returns the part of the document for these statuses."""
    return {
        status: {"model": Problem, "description": HTTPStatus(status).phrase} for status in statuses
    }
