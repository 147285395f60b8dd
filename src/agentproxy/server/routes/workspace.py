"""The files of a conversation's workspace over HTTP."""

import asyncio
import re
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, TypeVar
from urllib.parse import quote

from fastapi import APIRouter, HTTPException, Query, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import StreamingResponse
from pydantic import BaseModel
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import parse_options_header
from starlette.requests import ClientDisconnect

from agentproxy.app.chat.host import ChatHost
from agentproxy.app.chat.views import read_order
from agentproxy.app.journal import UnknownRun
from agentproxy.engine.cancellation import finish_though_cancelled
from agentproxy.events.envelope import RunId
from agentproxy.server.routes.conversations import CONVERSATION, NOT_FOUND
from agentproxy.server.routes.faces import CONVERSATIONS
from agentproxy.server.workspace.preview import preview_of
from agentproxy.server.workspace.upload import (
    MAX_FILES,
    FormReader,
    UploadRefused,
    place_files,
)
from agentproxy.server.workspace.workspace_files import (
    AccessDenied,
    NoSuchFile,
    list_files,
    open_file,
    pieces_of,
    shown,
)

Chosen = Annotated[str, Query(max_length=32, description="whose workspace; without it, all of it")]
FORM: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["files"],
                    "properties": {
                        "files": {
                            "type": "array",
                            "minItems": 1,
                            "maxItems": MAX_FILES,
                            "items": {"type": "string", "format": "binary"},
                        }
                    },
                }
            }
        },
    }
}
T = TypeVar("T")


class ListedFile(BaseModel):
    name: str
    path: str
    size: int


class Preview(BaseModel):
    path: str
    name: str
    size: int
    content: str | None
    binary: bool
    language: str | None


class Uploaded(BaseModel):
    uploaded: list[str]


def workspace_routes(host: ChatHost) -> APIRouter:
    """Returns the routes of /api/workspace and /api/files."""
    router = APIRouter(prefix="/api", tags=[CONVERSATIONS, "workspace"])

    @router.get("/workspace/files")
    async def list_all(response: Response, conversation: Chosen = "") -> list[ListedFile]:
        workspace = await _workspace(host, conversation)
        found, whole = await asyncio.to_thread(list_files, workspace)
        if not whole:
            response.headers["X-Incomplete"] = "true"
        return [ListedFile(**shown(file)) for file in found]

    @router.get("/workspace/file/{path:path}")
    async def preview(path: str, conversation: Chosen = "") -> Preview:
        workspace = await _workspace(host, conversation)

        def look() -> Preview:
            file = open_file(workspace, path)
            with file.data:
                return Preview(**preview_of(file))

        return await _with_file(look)

    @router.post("/workspace/upload", openapi_extra=FORM)
    async def upload(
        request: Request,
        subdir: Annotated[str, Query(max_length=4096)] = "",
        conversation: Chosen = "",
    ) -> Uploaded:
        workspace = await _workspace(host, conversation)
        try:
            paths = await _receive(request, host, workspace, subdir=subdir)
        except UploadRefused as error:
            raise HTTPException(error.status, str(error)) from None
        except ClientDisconnect:
            raise HTTPException(400, "the body was not sent to its end") from None
        return Uploaded(uploaded=paths)

    @router.get("/files/{conversation_id}/{path:path}", response_class=StreamingResponse)
    async def download(conversation_id: str, path: str) -> StreamingResponse:
        workspace = await _workspace(host, conversation_id or "-")
        file = await _with_file(lambda: open_file(workspace, path))
        headers = {
            "Content-Disposition": f"attachment; filename*=utf-8''{quote(file.name, safe='')}",
            "Content-Length": str(file.size),
        }
        return StreamingResponse(
            pieces_of(file), headers=headers, media_type="application/octet-stream"
        )

    # The decorators above have registered them.
    del list_all, preview, upload, download
    return router


async def _workspace(host: ChatHost, conversation: str) -> Path:
    if not conversation:
        return host.services.workspaces.root
    if not re.fullmatch(CONVERSATION, conversation):
        raise NOT_FOUND
    try:
        order = await read_order(host.app, RunId(conversation))
    except UnknownRun:
        raise NOT_FOUND from None
    workspace = Path(order.workspace)
    host.services.workspaces.touch(workspace)
    return workspace


async def _with_file(do: Callable[[], T]) -> T:
    try:
        return await asyncio.to_thread(do)
    except AccessDenied:
        raise HTTPException(403, "Access denied") from None
    except (NoSuchFile, OSError):
        raise HTTPException(404, "File not found") from None


async def _receive(request: Request, host: ChatHost, workspace: Path, *, subdir: str) -> list[str]:
    kind, options = parse_options_header(request.headers.get("content-type", ""))
    boundary = options.get(b"boundary", b"")
    if kind != b"multipart/form-data" or not boundary:
        raise _no_files("Send multipart/form-data with the field files")
    spool = await asyncio.to_thread(tempfile.TemporaryFile, dir=host.app.scratch)
    with spool:
        reader = FormReader(boundary, spool)
        refusal: Exception | None = None
        async for piece in request.stream():
            # Read on after a refusal: a client that still sends would not hear the answer.
            if refusal is not None:
                continue
            try:
                await finish_though_cancelled(asyncio.to_thread(reader.feed, piece))
            except (UploadRefused, FormParserError, OSError) as error:
                refusal = error
        if refusal is not None:
            raise _as_refused(refusal)
        if not reader.parts:
            raise _no_files("Field required")
        async with host.services.workspaces.used(workspace):
            # Until the thread ends, its file stays open and its workspace is not cleaned.
            return await finish_though_cancelled(
                asyncio.to_thread(place_files, reader, workspace, subdir=subdir)
            )


def _as_refused(error: Exception) -> UploadRefused:
    if isinstance(error, UploadRefused):
        return error
    if isinstance(error, OSError):
        return UploadRefused(507, f"the upload cannot be kept: {error.strerror}")
    return UploadRefused(400, f"the form cannot be read: {error}")


def _no_files(why: str) -> RequestValidationError:
    missing = {"type": "missing", "loc": ("body", "files"), "msg": why, "input": None}
    return RequestValidationError([missing])
