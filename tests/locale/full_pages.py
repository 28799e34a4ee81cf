"""Every page of the account page with everything on it. What is not the page's own text is Greek, or digits."""

from typing import Any

from litestar import Request
from msgspec.structs import replace

from profilegate.auth.issuers import Issuers
from profilegate.faces.account import words
from profilegate.faces.account.fields import FIELDS, OTHER_PROBLEM, PROBLEMS, REASONS, Field, Shown
from profilegate.faces.account.place import Place
from profilegate.faces.account.rendering import Renderer
from profilegate.profiles.applications import AppDocument, Application
from profilegate.profiles.deliveries import Conflict, DeadLetter, Health
from profilegate.profiles.history import Entry
from profilegate.profiles.record import MEMBER, Profile, ProfileKey, field_version
from profilegate.sync.operations import SourceState
from profilegate.sync.sources import Source
from profilegate.sync_settings import WebhookSettings

AT = 1_764_000_000_000
KEY = ProfileKey("τ", "υ1")
PLACE = Place("https://profiles.example", "Υπηρεσία", "#3056d3", None, "", ())

BARE = Profile(tenant_id=KEY.tenant_id, user_id=KEY.user_id, created_at=AT, updated_at=AT)
PROFILE = Profile(
    tenant_id=KEY.tenant_id,
    user_id=KEY.user_id,
    name="Άννα",
    username="άννα",
    avatar="https://192.0.2.1/1",
    primary_email="α@β.γ",
    primary_phone="+30 1",
    oidc_profile={name.removeprefix(MEMBER): "λ" for name in words.LABELS if name.startswith(MEMBER)},
    suspended_by_idp=True,
    suspended_by_operator=True,
    has_password=True,
    last_sign_in_at=AT,
    custom_data={"α": "β"},
    created_at=AT,
    updated_at=AT,
    sources={
        "has_password": "idp",
        "last_sign_in_at": "idp",
        "custom_data": "idp",
        "name": "claims",
        "username": "idp",
        "avatar": "user",
        "primary_email": "operator",
        "oidc_profile.nickname": "generated",
    },
    versions={"name": field_version(AT), "username": field_version(0)},
)

APP = Application(tenant_id=KEY.tenant_id, app_id=7, name="Εφαρμογή", description="Τι κάνει")
DOCUMENT = AppDocument(key=KEY, app_id=7, data="{}", version=1, created_at=AT, updated_at=AT)

ACTS = [(actor, "change") for actor in words.ACTORS] + [("user", action) for action in words.ACTIONS]
ENTRIES = [Entry(AT, actor, "1", "account", action, tuple(words.LABELS)) for actor, action in ACTS]

SOURCE = Source(WebhookSettings(source="π", kind="logto", secrets=("σ" * 32,)), "https://issuer.example", Issuers([]))
HEALTH = Health(last_received_at=AT, waiting=4, failing=3, dead_letters=2, conflicts=1)
STATES = [SourceState(SOURCE, HEALTH, True, AT), SourceState(SOURCE, Health(), False, AT)]
LETTER = DeadLetter(id=1, source="π", delivery_id="1", user_id="υ1", received_at=AT, attempts=9, error="σφάλμα")
CONFLICTS = [Conflict(user_id="υ1", username="άννα", source="π", noted_at=AT, holder=holder) for holder in ("υ2", None)]

CODES = ("suspended", "sign_in_failed", "cross_site", "store_unavailable", "provider_unavailable", "not_found",
         "source_not_found", "insufficient_scope", "not_permitted", "forbidden", "missing_credentials",
         "internal", "rate_limited")  # fmt: skip


def _field(field: Field, reason: str = "", problem: str = "", stored: str | None = None) -> Shown:
    return Shown(
        field=field, value="α", was="β", is_editable=not reason, reason=reason, limit=9, problem=problem, stored=stored
    )


SHOWN = [
    *map(_field, FIELDS),
    *(_field(FIELDS[0], reason=reason) for reason in REASONS.values()),
    *(_field(FIELDS[1], problem=problem) for problem in (*PROBLEMS.values(), OTHER_PROBLEM)),
    _field(FIELDS[2], stored="γ"),
]

OWN = {"profile": PROFILE, "is_operator": True, "fields": SHOWN, "apps": [(APP, DOCUMENT)], "entries": ENTRIES}
TYPED = {"name": "α", "username": "β"}
GOOD = {"problems": {}, "conflicts": {}, "saved": None, "hidden": frozenset(), "may_change_picture": True}
GOOD |= {"unsure": True, "may_erase": True}
NOBODY = {"q": "", "found": [], "states": [], "letters": [], "conflicts": []}
SOMEBODY = {"q": "α", "found": [PROFILE, BARE], "states": STATES, "letters": [LETTER], "conflicts": CONFLICTS}

PAGES: list[tuple[str, dict[str, Any]]] = [
    ("account.html", OWN | GOOD | {"problems": {"name": "blank"}}),
    ("account.html", OWN | GOOD | {"conflicts": {"name": "γ"}}),
    ("account.html", OWN | GOOD | {"saved": [field.label for field in FIELDS]}),
    ("account.html", OWN | GOOD | {"saved": []}),
    ("account.html", GOOD | {"profile": BARE, "is_operator": False, "fields": [], "apps": [], "entries": []}),
    ("again.html", {"typed": [(field, "α", "β") for field in FIELDS], "user": KEY.user_id}),
    ("app.html", {"app": APP, "document": DOCUMENT, "text": "{}"}),
    ("app.html", {"app": None, "document": DOCUMENT, "text": "{}"}),
    *(("message.html", {"code": code, "status": 400, "signing_in": False}) for code in CODES),
    ("erased.html", {"receipt": "ρ", "at": AT}),
    ("message.html", {"code": CODES[0], "status": 401, "signing_in": True}),
    ("operator.html", NOBODY),
    ("operator.html", NOBODY | {"q": "α"}),
    ("operator.html", SOMEBODY),
    ("operator_user.html", {"profile": PROFILE, "problem": OTHER_PROBLEM, "typed": TYPED, "entries": ENTRIES}),
    ("operator_user.html", {"profile": BARE, "problem": "", "typed": TYPED, "entries": []}),
    (
        "operator_user.html",
        {"profile": replace(BARE, sources={"has_password": "idp"}), "problem": "", "typed": TYPED, "entries": []},
    ),
    ("signed_out.html", {}),
    ("welcome.html", {}),
]


def page(language: str, template: str, told: dict[str, Any]) -> str:
    """The page as somebody reads it who asks for this language."""
    header = (b"accept-language", language.replace("_", "-").encode())
    request: Request[Any, Any, Any] = Request({"type": "http", "headers": [header], "state": {}})
    return str(Renderer(PLACE).page(request, template, **told).content)
