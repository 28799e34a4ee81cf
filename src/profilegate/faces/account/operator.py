"""For operators: find a profile, see it with its state, and act on it. Every act leaves an audit row."""

from typing import Any
from urllib.parse import urlencode

from litestar import Response, get, post
from litestar.params import FromQuery
from litestar.response import Redirect

from profilegate.auth.principal import Principal
from profilegate.auth.rules import operated, operated_tenant, operator
from profilegate.errors import InvalidField, ProfileNotFound, UsernameTaken
from profilegate.faces.account.desk import Desk
from profilegate.faces.account.fields import OTHER_PROBLEM, PROBLEMS
from profilegate.faces.account.forms import form_of
from profilegate.faces.account.origin import check_same_origin
from profilegate.faces.account.page import ENTRIES, FACE, OwnDesk, Visitor, signed_in
from profilegate.profiles import avatars
from profilegate.profiles.record import Profile, ProfileChange, ProfileKey

MOST_FOUND = 20
LONGEST_SEARCH = 255
"""Characters."""


@get("/operator")
async def get_operator(request: Visitor, desk: OwnDesk, q: FromQuery[str] = "") -> Response[str]:
    """Profiles by id, username or the beginning of the name; and how the provider's deliveries are doing."""
    tenant_id = operated_tenant(signed_in(request))
    text = q.strip()[:LONGEST_SEARCH]
    return desk.renderer.page(
        request,
        "operator.html",
        q=text,
        found=await desk.history.found(tenant_id, text, MOST_FOUND) if text else [],
        states=await desk.operations.states(tenant_id),
        letters=await desk.operations.dead_letters(tenant_id),
        conflicts=await desk.operations.conflicts(tenant_id),
    )


@get("/operator/user")
async def get_user(request: Visitor, desk: OwnDesk, user_id: FromQuery[str]) -> Response[str]:
    """One profile, with what is known of where it came from and who changed it."""
    return await _shown(request, desk, operated(signed_in(request), user_id))


@post("/operator/act")
async def post_act(request: Visitor, desk: OwnDesk) -> Response[str]:
    """Suspend, restore, rename, or take the picture away."""
    check_same_origin(request, desk.place.origin)
    who, form = signed_in(request), await form_of(request)
    key = operated(who, str(form.get("user_id", "")))
    if not isinstance(await desk.records.get(key), Profile):
        raise ProfileNotFound  # a page that has grown old makes nobody
    try:
        await _acted(desk, who, key, form)
    except UsernameTaken:
        return await _shown(request, desk, key, 422, PROBLEMS["taken"], form)
    except InvalidField as error:
        return await _shown(request, desk, key, 422, PROBLEMS.get(error.reason, OTHER_PROBLEM), form)
    return Redirect(_address(desk, key), status_code=303)


@post("/operator/replay")
async def post_replay(request: Visitor, desk: OwnDesk) -> Response[str]:
    """Try a dead letter again."""
    check_same_origin(request, desk.place.origin)
    tenant_id, form = operated_tenant(signed_in(request)), await form_of(request)
    number = str(form.get("id", ""))
    if number.isascii() and number.isdecimal() and len(number) < 19:
        await desk.operations.replay(tenant_id, int(number))
    return Redirect(f"{desk.place.path}/operator", status_code=303)


async def _acted(desk: Desk, who: Principal, key: ProfileKey, form: Any) -> None:
    acting, now = operator(who, FACE), int(desk.visitors.clock() * 1000)
    match form.get("act"):
        case "suspend" | "restore" as act:
            await desk.records.suspend(key, acting, now, act == "suspend")
        case "rename":
            said = {name: str(form.get(name, "")).strip() for name in ("name", "username")}
            await desk.profiles.change(
                key, ProfileChange.of({name: text for name, text in said.items() if text}), acting
            )
        case "clear_avatar":
            generated = avatars.generated(desk.profiles.rules.avatar_base, key)
            await desk.profiles.change(key, ProfileChange(avatar=generated), acting)


async def _shown(
    request: Visitor, desk: Desk, key: ProfileKey, status: int = 200, problem: str = "", typed: Any = None
) -> Response[str]:
    profile = await desk.records.get(key)
    if not isinstance(profile, Profile):
        raise ProfileNotFound
    return desk.renderer.page(
        request,
        "operator_user.html",
        status=status,
        profile=profile,
        problem=problem,
        typed={name: (typed or {}).get(name, getattr(profile, name) or "") for name in ("name", "username")},
        entries=await desk.history.recent(key, ENTRIES),
    )


def _address(desk: Desk, key: ProfileKey) -> str:
    """In the query, since browsers and servers read dots and slashes of a path in their own ways."""
    return f"{desk.place.path}/operator/user?{urlencode({'user_id': key.user_id})}"
