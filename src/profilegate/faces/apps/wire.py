"""What goes over the wire, to and fro."""

from operator import itemgetter
from typing import Annotated, Any

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType

from profilegate.errors import InvalidField, MalformedBody
from profilegate.faces.described import UserId
from profilegate.faces.moments import moment
from profilegate.profiles.app_service import Registered
from profilegate.profiles.applications import LARGEST_ID, AppDocument, Application
from profilegate.profiles.bulk import NewDocument, check_members, read_document
from profilegate.profiles.bulk_service import BulkResult, Place
from profilegate.profiles.json_text import Broken, NotJSON, value_of

AppId = Annotated[int, Meta(extra_json_schema={"minimum": 0, "maximum": LARGEST_ID, "examples": [0]})]


class App(Struct):
    """An application, as anybody may see it."""

    app_id: int
    app: str
    description: str
    domains: list[str]


class AppRegistration(Struct, forbid_unknown_fields=True):
    """What an operator registers. An id that is there already is registered anew; without one the next is taken."""

    app: Annotated[str, Meta(extra_json_schema={"minLength": 1, "maxLength": 128, "pattern": r"\S"})]
    app_id: AppId | UnsetType = UNSET
    description: str = ""
    domains: list[str] = []
    schema: dict[str, Any] | bool | None = None


class RegisteredApp(App):
    """An application as it is registered now, and what of its documents its schema would not take any more."""

    schema: Any
    violations: int
    violating_users: list[str]


class AppProfile(Struct):
    """One document. Times are RFC 3339, UTC, in whole seconds."""

    app_id: int
    user_id: str
    profile_data: msgspec.Raw
    created_at: str
    updated_at: str


class AppProfiles(Struct):
    """The user's own documents of one application: one, or none."""

    profiles: list[AppProfile]


class NewAppProfile(Struct, forbid_unknown_fields=True):
    """A document to be stored."""

    app_id: AppId
    profile_data: msgspec.Raw


class BulkItem(NewAppProfile):
    """One of many documents to be stored."""

    user_id: UserId


class Bulk(Struct, forbid_unknown_fields=True):
    """Many documents to be stored."""

    profiles: list[BulkItem]


class BulkCreated(Struct):
    """What was written, in the order of the request; the same item twice counts once."""

    created: int
    profiles: list[dict[str, Any]]
    skipped: int


class BulkStatus(Struct):
    """What became of the items, by their places in the request: 201 written, 200 left as it was, 409 there already,
    422 refused. Of those refused at most 1,000 are listed; an item that repeats an earlier one is not."""

    created: int
    skipped: int
    failed: int
    results: list[dict[str, Any]]


class AppError(Struct, omit_defaults=True):
    """Every error of this face. `code` is stable, `error` is for people."""

    error: str
    code: str
    details: dict[str, Any] | UnsetType = UNSET


def new_document(text: str) -> NewDocument:
    """What the body asks for. Raises MalformedBody or InvalidField."""
    try:
        value = value_of(text)
        check_members("body", value, ("app_id", "profile_data"))
        return read_document(value, text)
    except NotJSON as error:
        raise MalformedBody from error
    except Broken as error:
        raise InvalidField("profile_data", str(error), "json") from error


class _WrittenSchema(Struct):
    """The text of the schema within the text of a registration."""

    schema: msgspec.Raw = msgspec.Raw(b"null")


WRITTEN_SCHEMA = msgspec.json.Decoder(_WrittenSchema)


def written_schema(registration: bytes) -> str | None:
    """The schema as it was written, digit for digit; null is none."""
    text = bytes(WRITTEN_SCHEMA.decode(registration).schema).decode()
    return None if text == "null" else text


def to_app(application: Application) -> App:
    return App(application.app_id, application.name, application.description, list(application.domains))


def to_registered(registered: Registered) -> RegisteredApp:
    application = registered.application
    return RegisteredApp(
        app_id=application.app_id,
        app=application.name,
        description=application.description,
        domains=list(application.domains),
        schema=None if application.schema is None else msgspec.Raw(application.schema.encode()),
        violations=registered.violations,
        violating_users=list(registered.violating_users),
    )


def to_profile(document: AppDocument) -> AppProfile:
    return AppProfile(
        app_id=document.app_id,
        user_id=document.key.user_id,
        profile_data=msgspec.Raw(document.data.encode()),
        created_at=moment(document.created_at),
        updated_at=moment(document.updated_at),
    )


def to_created(result: BulkResult) -> BulkCreated:
    return BulkCreated(len(result.written), [_place(each) for each in result.written], len(result.skipped))


def to_status(result: BulkResult) -> BulkStatus:
    results: list[dict[str, Any]] = [{"index": each.index, "status": 201, **_place(each)} for each in result.written]
    results += [{"index": each.index, "status": 200, **_place(each)} for each in result.skipped]
    results += [{"index": each.index, "status": each.status, "error": each.reason} for each in result.refused]
    results.sort(key=itemgetter("index"))
    return BulkStatus(len(result.written), len(result.skipped), result.refusals, results)


def _place(place: Place) -> dict[str, Any]:
    return {"app_id": place.app_id, "user_id": place.user_id}
