"""How a page signs in, and who has."""

from fastapi import APIRouter, HTTPException, Request
from pydantic import BaseModel

from agentproxy.server.entrance.sign_in.port import (
    CONFIG,
    FOUND,
    ME,
    NO_KEYS,
    Denied,
    Person,
    SignIn,
)
from agentproxy.server.routes.faces import SERVICE


class SignInConfig(BaseModel):
    """What a page needs for its button of Google."""

    enabled: bool
    google_client_id: str | None


class Me(BaseModel):
    """Who has signed in; `detail` says why a token that was sent is not enough."""

    authenticated: bool
    email: str | None = None
    name: str | None = None
    detail: str | None = None


def auth_routes(sign_in: SignIn | None) -> APIRouter:
    """Returns the routes of a sign-in. They need none."""
    router = APIRouter(tags=[SERVICE])
    config = SignInConfig(
        enabled=sign_in is not None,
        google_client_id=sign_in.client_id if sign_in is not None else None,
    )

    @router.get(CONFIG)
    async def sign_in_config() -> SignInConfig:
        return config

    @router.get(ME, response_model_exclude_unset=True)
    async def who_am_i(request: Request) -> Me:
        match request.scope.get(FOUND):
            case Person(email=email, name=name):
                return Me(authenticated=True, email=email, name=name)
            case Denied() as denied if denied is NO_KEYS:
                raise HTTPException(denied.status, denied.text)
            case Denied(status=403, text=text):
                return Me(authenticated=False, detail=text)
            case _:
                return Me(authenticated=False)

    # The decorators above have registered them.
    del sign_in_config, who_am_i
    return router
