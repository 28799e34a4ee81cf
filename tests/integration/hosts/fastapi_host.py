"""A library in FastAPI with a lifespan, errors and documents of its own, and profilegate mounted at /identity."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import own_settings
from fastapi import Depends, FastAPI, Header, HTTPException, Request, Response
from fastapi.responses import PlainTextResponse
from starlette.middleware.cors import CORSMiddleware

from profilegate import ProfileGate, ResourceServerMiddleware, load, served


@asynccontextmanager
async def library_opens(app: FastAPI) -> AsyncIterator[dict[str, str]]:
    app.state.opened = True
    yield {"librarian": "Ada"}
    print("the library closes", flush=True)


gate = ProfileGate(load(own_settings.SETTINGS), path="/identity")
app = FastAPI(title="The Library", lifespan=library_opens)
app.mount("/identity", served(gate))
app.add_middleware(
    ResourceServerMiddleware,
    server=gate,
    public=["/", "/open", "/desk", "/broken", "/nothing", "/openapi.json", "/identity/*", "/files/*"],
)
app.add_middleware(
    CORSMiddleware, allow_origins=["https://shop.example", "https://both.example"], allow_headers=["authorization"]
)


@app.middleware("http")
async def marked(request: Request, call_next):  # type: ignore[no-untyped-def]
    answer: Response = await call_next(request)
    answer.headers["x-library"] = "open"
    return answer


@app.exception_handler(HTTPException)
async def told(_: Request, error: HTTPException) -> PlainTextResponse:
    """The library's own words."""
    return PlainTextResponse(f"library: {error.status_code}", error.status_code, error.headers)


def scope(wanted: str):  # type: ignore[no-untyped-def]
    """The library's own guard, by what the token grants."""

    def check(request: Request) -> None:
        if wanted not in request.user.scopes:
            challenge = f'Bearer error="insufficient_scope", scope="{wanted}"'
            raise HTTPException(403, headers={"WWW-Authenticate": challenge})

    return check


@app.get("/open")
async def open_(request: Request) -> dict[str, object]:
    return {"librarian": request.state.librarian, "opened": request.app.state.opened}


@app.get("/me")
async def me(request: Request) -> dict[str, str]:
    profile = await gate.profile(request.user)
    return {"user": request.user.user_id, "tenant": request.user.tenant_id, "name": profile.name}


@app.get("/scoped", dependencies=[Depends(scope("profiles:read"))])
async def scoped(request: Request) -> dict[str, str]:
    return {"user": request.user.user_id}


@app.get("/desk")
async def desk(x_reader: str | None = Header(None)) -> dict[str, str]:
    """For the library's own readers, who have nothing to do with the provider."""
    if x_reader is None:
        raise HTTPException(401, headers={"WWW-Authenticate": "Reader"})
    return {"reader": x_reader}


@app.get("/files/{name:path}")
async def file(name: str) -> dict[str, str]:
    return {"file": name}


@app.get("/broken")
async def broken() -> None:
    raise LookupError("a book is missing")
