"""Signing in and out, with the provider (OpenID Connect Core 3.1; RP-Initiated Logout 1.0)."""

import logging

from litestar import Response, get, post
from litestar.params import FromQuery
from litestar.response import Redirect

from profilegate.auth.relying_party import MINUTES_TO_SIGN_IN
from profilegate.errors import SignInFailed
from profilegate.faces.account.cookies import cookie_of
from profilegate.faces.account.origin import check_same_origin
from profilegate.faces.account.page import FACE, OwnDesk, Visitor
from profilegate.faces.languages import Reader
from profilegate.profiles.record import Actor

log = logging.getLogger("profilegate.faces.account")

# What browsers read as another host or as the folder above; a dot may be written %2e (URL Standard, 4.1).
LEAVING = ("\\", "//", "..", "%2e")


@get("/sign-in")
async def get_sign_in(request: Visitor, desk: OwnDesk, to: FromQuery[str] = "") -> Response[str]:
    """Send the browser to the provider, with what it has to bring back sealed in a cookie."""
    target = to if is_own_path(to, desk.place.path) else desk.place.path
    url, attempt = await desk.party.begin(desk.place.callback, target, Reader(request).language)
    cookies = desk.visitors.cookies
    kept = cookies.kept(cookies.attempt, desk.seal.sealed(attempt), MINUTES_TO_SIGN_IN * 60)
    return Redirect(url, status_code=303, cookies=[kept], headers={"cache-control": "no-store"})


@get("/callback")
async def get_callback(request: Visitor, desk: OwnDesk) -> Response[str]:
    """Finish a sign-in: the session begins, under a new name, and the attempt cannot be used again."""
    cookies = desk.visitors.cookies
    attempt = desk.seal.opened(cookie_of(request.scope["headers"], cookies.attempt))
    if attempt is None:
        raise SignInFailed("this browser has begun no sign-in")
    signed_in = await desk.party.finish(desk.place.callback, attempt, answer_of(request))
    who = signed_in.principal
    if who.is_machine:
        raise SignInFailed("a machine is no user")
    await desk.visitors.refuse_unwelcome(who)
    await desk.profiles.get_or_create(who.key, Actor("user", who.user_id, FACE, who.issued_at), who.claimed)
    await desk.visitors.end(request.scope)  # of a session that this browser had before
    kept = cookies.kept(cookies.session, await desk.visitors.begin(signed_in), desk.visitors.hours * 3600)
    gone = cookies.gone(cookies.attempt)
    return Redirect(attempt.to, status_code=303, cookies=[kept, gone], headers={"cache-control": "no-store"})


@post("/sign-out")
async def post_sign_out(request: Visitor, desk: OwnDesk) -> Response[str]:
    """End the session here, and then at the provider where it can do that."""
    check_same_origin(request, desk.place.origin)
    session, url = request.auth, None
    await desk.visitors.end(request.scope)
    if session is not None:
        url = await desk.party.sign_out_url(session.id_token, desk.place.url + "/account/signed-out")
    gone = desk.visitors.cookies.gone(desk.visitors.cookies.session)
    target = url or f"{desk.place.path}/signed-out"
    return Redirect(target, status_code=303, cookies=[gone], headers={"cache-control": "no-store"})


@get("/signed-out", sync_to_thread=False)
def get_signed_out(request: Visitor, desk: OwnDesk) -> Response[str]:
    return desk.renderer.page(request, "signed_out.html")


def answer_of(request: Visitor) -> dict[str, str]:
    """The provider's answer. Raises SignInFailed when it says something twice (RFC 6749, section 3.1)."""
    said = request.query_params
    if any(len(said.getall(name)) > 1 for name in said):
        raise SignInFailed("the answer says something twice")
    return {name: str(said[name]) for name in said}


def is_own_path(path: str, own: str) -> bool:
    """Whether a path leads to our own pages and nowhere else, however browsers read it."""
    plain = path.isascii() and path.isprintable() and not any(each in path.lower() for each in LEAVING)
    return plain and (path == own or path.startswith((f"{own}/", f"{own}?")))
