"""How the page is mounted: its handlers, its visitors, its scripts and styles, and its words for errors."""

from pathlib import Path
from typing import Annotated, Any

from litestar import Request, Response, get
from litestar.params import PathParameter

from profilegate.errors import Unauthenticated
from profilegate.faces.account import apps, operator, own_data, page, sign_in
from profilegate.faces.account.desk import Desk
from profilegate.faces.account.page import OwnDesk
from profilegate.faces.account.place import PATH
from profilegate.faces.account.visitor import VisitorMiddleware
from profilegate.faces.provided import provided
from profilegate.faces.refusals import known
from profilegate.faces.routing import Router

STATIC = Path(__file__).with_name("static")
TYPES = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml", ".html": "text/html"}
FILES = {path.name: path.read_bytes() for path in sorted(STATIC.iterdir())}

MAX_FORM = 65_536
"""Bytes."""

KEPT = {"cache-control": "public, max-age=300", "x-content-type-options": "nosniff"}

# The element is made to be used by other people's pages.
SHARED = {"profile-settings.js": {"access-control-allow-origin": "*", "cross-origin-resource-policy": "cross-origin"}}

DOORS = [sign_in.get_sign_in, sign_in.get_callback, sign_in.post_sign_out, sign_in.get_signed_out]
"""Open to suspended users too: they may leave, and somebody else may come in."""

PAGES = [page.get_page, page.post_profile, page.post_avatar, page.get_username, apps.get_app, apps.get_data,
         apps.post_delete, own_data.get_export, own_data.post_erase, operator.get_operator, operator.get_user,
         operator.post_act, operator.post_replay, *DOORS]  # fmt: skip


@get("/static/{name:str}", sync_to_thread=False)
def get_static(name: Annotated[str, PathParameter()]) -> Response[bytes]:
    """A style, a script or an image of the page; nothing else is ever read from the disk."""
    content = FILES.get(name)
    if content is None:
        return Response(b"", status_code=404, media_type="text/plain")
    headers = KEPT | SHARED.get(name, {})
    return Response(content, media_type=TYPES[Path(name).suffix], headers=headers)


@get("/theme.css", sync_to_thread=False)
def get_theme(desk: OwnDesk) -> Response[bytes]:
    """The colour of the settings."""
    return Response(f":root {{ --accent: {desk.place.accent}; }}".encode(), media_type="text/css", headers=KEPT)


@get("/logo", sync_to_thread=False)
def get_logo(desk: OwnDesk) -> Response[bytes]:
    """The image of the settings; a script inside of it never runs."""
    headers = KEPT | {"content-security-policy": "default-src 'none'; style-src 'unsafe-inline'; sandbox"}
    found = desk.place.logo is not None
    media_type = desk.place.logo_type if found else "text/plain"
    return Response(desk.place.logo or b"", status_code=200 if found else 404, media_type=media_type, headers=headers)


def router(desk: Desk) -> Router:
    """The page and all that belongs to it, under /account."""

    def on_error(request: Request[Any, Any, Any], exception: Exception) -> Response[str]:
        error = known(request, exception)
        signing_in = isinstance(error, Unauthenticated)
        return desk.renderer.page(request, "message.html", status=error.status, code=error.code, signing_in=signing_in)

    usual: dict[str, Any] = {"dependencies": {"desk": provided(desk)}, "include_in_schema": False}

    def pages(handlers: list[Any], anybody: bool) -> Router:
        return Router(
            path="/",
            route_handlers=handlers,
            middleware=[VisitorMiddleware(desk.visitors, anybody)],
            exception_handlers={Exception: on_error},
            request_max_body_size=MAX_FORM,
            **usual,
        )

    inside = [each for each in PAGES if each not in DOORS]
    files = Router(path="/", route_handlers=[get_static, get_theme, get_logo], **usual)
    return Router(path=PATH, route_handlers=[pages(inside, False), pages(DOORS, True), files])
