"""What visitors do about their data as a whole: take all of it away, or have it erased."""

import msgspec
from litestar import Response, get, post
from litestar.response import Redirect

from profilegate.auth.rules import actor, own
from profilegate.faces.account.forms import form_of
from profilegate.faces.account.origin import check_same_origin
from profilegate.faces.account.page import FACE, OwnDesk, Visitor, signed_in
from profilegate.faces.exported import AS_A_FILE, to_export
from profilegate.profiles.rights import receipt

FILE = AS_A_FILE | {
    "cross-origin-resource-policy": "same-origin",
    "content-security-policy": "default-src 'none'; sandbox",
}


@get("/export")
async def get_export(request: Visitor, desk: OwnDesk) -> Response[bytes]:
    """Everything that is kept about the visitor, as a file."""
    who = signed_in(request)
    key = own(who, "read")
    await desk.profiles.ensured(key, actor(who, key, FACE))
    export = to_export(await desk.rights.export(key), who, desk.profiles.rules)
    text = msgspec.json.format(msgspec.json.encode(export), indent=2)
    return Response(text, media_type="application/json", headers=FILE)


@post("/erase")
async def post_erase(request: Visitor, desk: OwnDesk) -> Response[str]:
    """Erase the visitor's record for good, where the box is ticked that says so, and end all sessions."""
    check_same_origin(request, desk.place.origin)
    if request.user is None:
        return Redirect(desk.place.path, status_code=303)
    key = own(request.user, "write")
    if (await form_of(request)).get("sure") != "yes":
        return Redirect(f"{desk.place.path}?unsure=yes", status_code=303)
    left = await desk.rights.erase_own(key, actor(request.user, key, FACE))
    gone = desk.visitors.cookies.gone(desk.visitors.cookies.session)
    page = desk.renderer.page(request, "erased.html", receipt=receipt(left), at=left.deleted_at)
    page.set_cookie(gone)
    return page
