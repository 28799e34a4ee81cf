"""Applications, and the documents that they keep beside the one record: what these are, and which are allowed."""

import json
import secrets
from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any

from msgspec import Struct

from profilegate.errors import InvalidField
from profilegate.profiles.json_text import Limits, checked
from profilegate.profiles.record import ProfileKey
from profilegate.profiles.text import refuse_longer, refuse_unprintable

MOST_DOMAINS = 50
LONGEST = {"name": 128, "description": 1024, "domains": 253}
"""Characters; a domain name has at most 253 (RFC 1035)."""

LARGEST_ID = 2**31 - 1

MOST_MESSAGES = 5
"""What one document's refusal tells of the ways in which it breaks the schema."""


class Application(Struct, frozen=True, kw_only=True):
    """One application of a tenant. `schema` is a JSON Schema (2020-12) in JSON that its documents must satisfy."""

    tenant_id: str
    app_id: int
    name: str
    description: str = ""
    domains: tuple[str, ...] = ()
    schema: str | None = None


class AppDocument(Struct, frozen=True, kw_only=True):
    """What one application keeps about one user: any JSON, as compact text. Times are Unix milliseconds.

    `version` begins at random, so that it is never the same again after a document was deleted.
    """

    key: ProfileKey
    app_id: int
    data: str
    version: int
    created_at: int
    updated_at: int


def first_version() -> int:
    """A version that no document has had: 52 bits, which every reader of JSON numbers holds exactly."""
    return secrets.randbits(52)


def checked_application(application: Application) -> Application:
    """The application as it may be stored. Raises InvalidField."""
    if not 0 <= application.app_id <= LARGEST_ID:
        raise InvalidField("app_id", f"must be between 0 and {LARGEST_ID}")
    if not application.name.strip():
        raise InvalidField("name", "must not be empty")
    if len(application.domains) > MOST_DOMAINS:
        raise InvalidField("domains", f"must be at most {MOST_DOMAINS}", "too_many")
    texts = [("name", application.name), ("description", application.description)]
    for field, text in [*texts, *(("domains", each) for each in application.domains)]:
        refuse_longer(field, text, LONGEST[field])
        refuse_unprintable(field, text)
    if application.schema is not None:
        compiled(application.schema)
    return application


Problem = Callable[[str], str | None]
"""Says how a document, as text, breaks the application's schema; None when it does not."""


def compiled(schema: str) -> Problem:
    """The schema as a check. Raises InvalidField when it is no JSON Schema, or refers to anything outside itself."""
    import jsonschema_rs  # 15 MB, which the gate alone has no use for

    text = checked("schema", schema, Limits())
    try:
        validator = jsonschema_rs.Draft202012Validator(text, retriever=_refuse)
    except (jsonschema_rs.ValidationError, jsonschema_rs.ReferencingError, ValueError, TypeError) as error:
        message = getattr(error, "message", str(error)).partition("\n")[0][:300]
        raise InvalidField("schema", f"is not a JSON Schema (2020-12): {message}", "schema") from None
    return lambda document: _problem(validator, document)


def any_document(_: str) -> None:
    """The check of an application without a schema."""


def _problem(validator: Any, document: str) -> str | None:
    try:
        value = json.loads(document, parse_float=Decimal)
    except (ValueError, ArithmeticError):
        return "has a number that is too long to be held against the application's schema"
    if validator.is_valid(value):
        return None
    found = [f"{_pointer(each.instance_path)}: {_kind(each)}" for each in _some(validator.iter_errors(value))]
    return "does not satisfy the application's schema: " + "; ".join(found)


def _some(errors: Any) -> list[Any]:
    return [each for each, _ in zip(errors, range(MOST_MESSAGES), strict=False)]


def _kind(error: Any) -> str:
    """The keyword that is broken. The library's message would repeat the value, which may be anything."""
    path = error.schema_path
    return f"breaks {'/'.join(map(str, path))}" if path else "is not allowed"


def _pointer(path: Sequence[str | int]) -> str:
    """RFC 6901."""
    return "".join("/" + str(step).replace("~", "~0").replace("/", "~1") for step in path) or "the document"


def _refuse(uri: str) -> Any:
    raise ValueError(f"{uri} is outside the schema")
