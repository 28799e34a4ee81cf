"""What may be sent: every issue of a body at once, in the shape and order of Zod, which Logto's clients read."""

from collections.abc import Iterator, Mapping
from typing import Any

from msgspec import UNSET, Struct, UnsetType

from profilegate.errors import BadInput, InvalidField
from profilegate.faces.described import AddressLine, Avatar, Claim, ClearableName, Document, Username
from profilegate.profiles import claims
from profilegate.profiles.record import MEMBER, ProfileChange
from profilegate.profiles.rules import ProfileRules

FIELDS = {"name": "name", "avatar": "avatar", "username": "username", "customData": "custom_data"}
"""What PATCH takes, in schema order, and the record's own names."""

# These are matters of form, 400. What is well formed but over a limit or against a policy is 422 and comes later.
FORMAL = frozenset({"characters", "blank", "url", "pattern", "too_deep", "number"})

Issue = dict[str, Any]


class InvalidBody(BadInput):
    """The body is JSON but not the documented one; `issues` lists everything that is wrong."""

    code = "invalid_body"
    message = "The request body is invalid."

    def __init__(self, issues: list[Issue]) -> None:
        super().__init__()
        self.issues = issues


class NothingToChange(BadInput):
    """The body names no field that can be changed."""

    code = "nothing_to_change"
    status = 422
    message = "Invalid input. Value list must not be empty."


class NotAnObject(BadInput):
    """The body is JSON, but neither an object nor an array."""

    code = "not_an_object"
    message = "invalid JSON, only supports object and array"


class ProfilePatch(Struct):
    """What PATCH takes, for the API description; `change_of` decides. At least one member is needed."""

    name: ClearableName | UnsetType | None = UNSET
    avatar: Avatar | UnsetType | None = UNSET
    username: Username | UnsetType = UNSET
    customData: Document | UnsetType = UNSET  # noqa: N815


class AddressPatch(Struct):
    """A postal address, which replaces the one before as a whole."""

    formatted: AddressLine | UnsetType = UNSET
    streetAddress: AddressLine | UnsetType = UNSET  # noqa: N815
    locality: AddressLine | UnsetType = UNSET
    region: AddressLine | UnsetType = UNSET
    postalCode: AddressLine | UnsetType = UNSET  # noqa: N815
    country: AddressLine | UnsetType = UNSET


class ClaimsPatch(Struct):
    """The standard claims to set; null removes one."""

    familyName: Claim | UnsetType | None = UNSET  # noqa: N815
    givenName: Claim | UnsetType | None = UNSET  # noqa: N815
    middleName: Claim | UnsetType | None = UNSET  # noqa: N815
    nickname: Claim | UnsetType | None = UNSET
    preferredUsername: Claim | UnsetType | None = UNSET  # noqa: N815
    profile: Claim | UnsetType | None = UNSET
    website: Claim | UnsetType | None = UNSET
    gender: Claim | UnsetType | None = UNSET
    birthdate: Claim | UnsetType | None = UNSET
    zoneinfo: Claim | UnsetType | None = UNSET
    locale: Claim | UnsetType | None = UNSET
    address: AddressPatch | UnsetType | None = UNSET


# The API description's way to say that at least one member is needed.
NOT_EMPTY = {"anyOf": [{"required": [name]} for name in FIELDS]}


def change_of(body: Any, rules: ProfileRules) -> ProfileChange:
    """The change that a PATCH asks for. Raises InvalidBody with all issues, NothingToChange or NotAnObject.

    Unknown members are ignored. An empty name clears it, as null does.
    """
    members = _object(body)
    issues = [issue for name in FIELDS if name in members for issue in _field_issues(name, members[name], rules)]
    if issues:
        raise InvalidBody(issues)
    found = {field: members[name] for name, field in FIELDS.items() if name in members}
    if not found:
        raise NothingToChange
    return ProfileChange.of(
        {field: None if field == "name" and value == "" else value for field, value in found.items()}
    )


def claims_of(body: Any, rules: ProfileRules) -> ProfileChange:
    """The standard claims that a PATCH of them sets; null removes one. Raises as `change_of` does; may be empty."""
    members = _object(body)
    given = {name: members[name] for name in claims.MEMBERS if name in members}
    issues = [issue for name, value in given.items() for issue in _claim_issues(name, value, rules)]
    if issues:
        raise InvalidBody(issues)
    kept = {name: _address(value) if name == "address" and value else value for name, value in given.items()}
    return ProfileChange.of({f"{MEMBER}{name}": value for name, value in kept.items()})


def _object(body: Any) -> Mapping[str, Any]:
    if isinstance(body, list):
        raise InvalidBody([_type_issue("object", body, [])])
    if not isinstance(body, dict):
        raise NotAnObject
    return body


def _field_issues(name: str, value: Any, rules: ProfileRules) -> Iterator[Issue]:
    wanted: type = dict if name == "customData" else str
    if value is None and name in {"name", "avatar"}:
        return
    if not isinstance(value, wanted):
        yield _type_issue("object" if wanted is dict else "string", value, [name])
    elif not (name == "name" and value == ""):
        yield from _rule_issues(rules.problem(FIELDS[name], value), [name])


def _claim_issues(name: str, value: Any, rules: ProfileRules) -> Iterator[Issue]:
    if value is None:
        return
    if name != "address":
        if isinstance(value, str):
            yield from _rule_issues(rules.problem(f"{MEMBER}{name}", value), [name])
        else:
            yield _type_issue("string", value, [name])
        return
    if not isinstance(value, dict):
        yield _type_issue("object", value, [name])
        return
    for part in claims.ADDRESS:
        if part in value and not isinstance(value[part], str):
            yield _type_issue("string", value[part], [name, part])
        elif part in value:
            yield from _rule_issues(rules.problem(f"{MEMBER}address", {part: value[part]}), [name, part])


def _address(value: Mapping[str, str]) -> dict[str, str]:
    return {part: value[part] for part in claims.ADDRESS if part in value}


def _rule_issues(problem: InvalidField | None, path: list[str]) -> Iterator[Issue]:
    if problem is None or problem.reason not in FORMAL:
        return
    match problem.reason:
        case "pattern":
            yield {"validation": "regex", "code": "invalid_string", "message": "Invalid", "path": path}
        case "url":
            yield {"validation": "url", "code": "invalid_string", "message": "Invalid url", "path": path}
        case _:
            yield {"code": "custom", "message": problem.rule, "path": path}


def _type_issue(expected: str, value: Any, path: list[str]) -> Issue:
    received = _kind(value)
    message = f"Expected {expected}, received {received}"
    return {"code": "invalid_type", "expected": expected, "received": received, "path": path, "message": message}


def _kind(value: Any) -> str:
    kinds = {type(None): "null", bool: "boolean", int: "number", float: "number", str: "string", list: "array"}
    return kinds.get(type(value), "object")
