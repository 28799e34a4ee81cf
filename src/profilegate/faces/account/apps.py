"""What applications keep about the visitor: to see, to take away, and to delete."""

from typing import Annotated

import msgspec
from litestar import Response, get, post
from litestar.params import PathParameter
from litestar.response import Redirect

from profilegate.auth.rules import actor, own
from profilegate.errors import DocumentNotFound
from profilegate.faces.account.origin import check_same_origin
from profilegate.faces.account.page import FACE, OwnDesk, Visitor, signed_in
from profilegate.profiles.applications import LARGEST_ID

NamedApp = Annotated[str, PathParameter()]


@get("/apps/{app_id:str}")
async def get_app(request: Visitor, desk: OwnDesk, app_id: NamedApp) -> Response[str]:
    """The document of one application, as text for people."""
    key, number = own(signed_in(request), "read"), number_of(app_id)
    document = await desk.apps.get(key, number)
    application = await desk.apps.applications.get(key.tenant_id, number)
    text = msgspec.json.format(document.data, indent=2)
    return desk.renderer.page(request, "app.html", app=application, document=document, text=text)


@get("/apps/{app_id:str}/data.json")
async def get_data(request: Visitor, desk: OwnDesk, app_id: NamedApp) -> Response[bytes]:
    """The document as a file, digit for digit."""
    document = await desk.apps.get(own(signed_in(request), "read"), number_of(app_id))
    headers = {
        "content-disposition": f'attachment; filename="app-{document.app_id}.json"',
        "cache-control": "no-store",
        "x-content-type-options": "nosniff",
        "cross-origin-resource-policy": "same-origin",
        "content-security-policy": "default-src 'none'; sandbox",
    }
    return Response(document.data.encode(), media_type="application/json", headers=headers)


@post("/apps/{app_id:str}/delete")
async def post_delete(request: Visitor, desk: OwnDesk, app_id: NamedApp) -> Response[str]:
    """Delete the document. The application may write another."""
    check_same_origin(request, desk.place.origin)
    who = signed_in(request)
    key = own(who, "write")
    await desk.apps.delete(key, number_of(app_id), actor(who, key, FACE))
    return Redirect(f"{desk.place.path}?saved=#apps", status_code=303)


def number_of(app_id: str) -> int:
    """Raises DocumentNotFound for what is no application's id."""
    if not (app_id.isascii() and app_id.isdecimal() and len(app_id) <= 10 and int(app_id) <= LARGEST_ID):
        raise DocumentNotFound
    return int(app_id)
