"""The page itself: one's own profile, the form that saves it, and what else is known."""

from collections.abc import Mapping
from typing import Any

from litestar import Request, Response, get, post
from litestar.datastructures import State
from litestar.di import NamedDependency
from litestar.params import FromQuery, SkipValidation
from litestar.response import Redirect

from profilegate.auth.principal import Principal
from profilegate.auth.rules import actor, own
from profilegate.errors import MissingCredentials, PreconditionFailed, StoreUnavailable, UsernameTaken
from profilegate.faces.account.desk import Desk
from profilegate.faces.account.fields import (
    FIELDS,
    OTHER_PROBLEM,
    PROBLEMS,
    Field,
    hidden,
    problems_of,
    shown,
    typed_in,
    value_of,
    wanted_of,
    was_of,
)
from profilegate.faces.account.forms import form_of
from profilegate.faces.account.origin import check_same_origin
from profilegate.profiles.record import Profile, ProfileChange
from profilegate.profiles.service import ROUNDS

FACE = "account"

UNSHOWN = {"cache-control": "no-store", "x-content-type-options": "nosniff"}

Visitor = Request[Principal | None, Any, State]
OwnDesk = NamedDependency[SkipValidation[Desk]]
Form = Mapping[str, Any]

ENTRIES = 20
"""Changes that the page tells of."""

APPS = 100
"""Applications whose data the page tells of."""


@get("/")
async def get_page(
    request: Visitor, desk: OwnDesk, saved: FromQuery[str | None] = None, unsure: FromQuery[str | None] = None
) -> Response[str]:
    """One's own profile; who is not signed in is asked to."""
    if request.user is None:
        return desk.renderer.page(request, "welcome.html")
    names = {field.name: field.label for field in FIELDS}
    done = None if saved is None else [names[each] for each in saved.split(",") if each in names]
    return await _page(request, request.user, desk, saved=done, unsure=unsure is not None)


@post("/profile")
async def post_profile(request: Visitor, desk: OwnDesk) -> Response[str]:
    """Save what was changed. Nothing that was typed is lost, whatever comes in between."""
    check_same_origin(request, desk.place.origin)
    form = await form_of(request)
    who = request.user
    if who is None or form.get("user") != who.user_id:
        return desk.renderer.page(
            request, "again.html", status=401, typed=_labelled(form), user=str(form.get("user", ""))
        )
    wanted = wanted_of(form)
    problems = problems_of(wanted, desk.profiles.rules)
    if problems:
        return await _page(request, who, desk, 422, wanted, problems, was=was_of(form, wanted))
    return await _saved(request, who, desk, form, wanted)


@post("/avatar")
async def post_avatar(request: Visitor, desk: OwnDesk) -> Response[str]:
    """A newly generated picture."""
    check_same_origin(request, desk.place.origin)
    if request.user is None:
        return Redirect(desk.place.path, status_code=303)
    key = own(request.user, "write")
    change = ProfileChange(avatar=desk.profiles.fresh_avatar(key))
    await desk.profiles.change(key, change, actor(request.user, key, FACE))
    return Redirect(f"{desk.place.path}?saved=avatar", status_code=303)


@get("/username")
async def get_username(request: Visitor, desk: OwnDesk, username: FromQuery[str]) -> Response[dict[str, Any]]:
    """Whether a username is free, for the script that says so while it is typed."""
    if request.user is None:
        return Response({"available": False}, status_code=401, headers=UNSHOWN)
    key = own(request.user, "read")
    desk.pace.step(key)
    problem = await desk.profiles.username_problem(key, username)
    told = "" if problem is None else desk.said(request, PROBLEMS.get(problem, OTHER_PROBLEM))
    return Response({"available": problem is None, "problem": told}, headers=UNSHOWN)


def signed_in(request: Visitor) -> Principal:
    """The visitor. Raises MissingCredentials for strangers."""
    if request.user is None:
        raise MissingCredentials
    return request.user


async def _saved(
    request: Visitor, who: Principal, desk: Desk, form: Form, wanted: dict[str, str | None]
) -> Response[str]:
    """Save on top of whatever others have saved, unless they changed the very same fields."""
    key = own(who, "write")
    acting = actor(who, key, FACE)
    for _ in range(ROUNDS):
        profile = await desk.profiles.ensured(key, acting)
        conflicts = _conflicts(profile, form, wanted)
        if conflicts:
            return await _page(request, who, desk, 409, wanted, conflicts=conflicts)
        news = {name: value for name, value in wanted.items() if (value or "") != value_of(profile, name)}
        if not news:
            return Redirect(f"{desk.place.path}?saved=", status_code=303)
        try:
            await desk.profiles.change(key, ProfileChange.of(news), acting, seen=frozenset({profile.version}))
        except UsernameTaken:
            problems = {"username": PROBLEMS["taken"]}
            return await _page(request, who, desk, 422, wanted, problems, was=was_of(form, wanted))
        except PreconditionFailed:
            continue
        return Redirect(f"{desk.place.path}?saved={','.join(news)}", status_code=303)
    raise StoreUnavailable


async def _page(
    request: Visitor,
    who: Principal,
    desk: Desk,
    status: int = 200,
    typed: Mapping[str, str | None] | None = None,
    problems: Mapping[str, str] | None = None,
    conflicts: Mapping[str, str] | None = None,
    was: Mapping[str, str] | None = None,
    saved: list[str] | None = None,
    unsure: bool = False,
) -> Response[str]:
    key = own(who, "read")
    profile = await desk.profiles.ensured(key, actor(who, key, FACE))
    return desk.renderer.page(
        request,
        "account.html",
        status=status,
        profile=profile,
        is_operator=who.is_operator,
        hidden=hidden(desk.profiles.rules),
        may_change_picture=desk.profiles.rules.editing_of("avatar") == "edit",
        fields=shown(profile, who, desk.profiles.rules, typed, problems, conflicts, was),
        problems=problems or {},
        conflicts=conflicts or {},
        saved=saved,
        unsure=unsure,
        may_erase=desk.rights.own_erasure,
        apps=await desk.apps.documents.of_user(key, APPS),
        entries=await desk.history.recent(key, ENTRIES),
    )


def _conflicts(profile: Profile, form: Form, wanted: Mapping[str, str | None]) -> dict[str, str]:
    """What others have saved, since the page was made, in the fields that are to be changed."""
    return {
        name: stored
        for name, value in wanted.items()
        if (stored := value_of(profile, name)) not in (str(form.get(f"was.{name}", "")).strip(), value or "")
    }


def _labelled(form: Form) -> list[tuple[Field, str, str]]:
    """What was typed and is not saved, beside what the page had."""
    typed = typed_in(form)
    return [
        (field, typed[field.name], str(form.get(f"was.{field.name}", ""))) for field in FIELDS if field.name in typed
    ]
