"""Limits as the API description tells them. The rules themselves are the domain's; these are only shown."""

from typing import Annotated, Any

from msgspec import Meta

from profilegate.identifiers import USER_ID_LIMIT
from profilegate.profiles import avatars, claims, documents, names, usernames

# What text may not hold (profiles/text.py), as far as every reader of patterns can say it.
PRINTABLE = r"^[^\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]*$"

NO_NUL = r"^[^\x00]*$"

# A name shows something: this asks for one character that is surely seen.
VISIBLE = PRINTABLE.replace("^", r"^(?=.*[^\s\u00ad\u200b-\u200f\u2060-\u206f\ufeff])", 1)

# An address in ASCII; hosts and paths in other scripts are taken too.
WEB_ADDRESS = r"^https?://[A-Za-z0-9._~-]+(:[1-9][0-9]{0,3})?([/?#][!-\[\]-~]*)?$"

Name = Annotated[
    str,
    Meta(extra_json_schema={"minLength": 1, "maxLength": names.LIMIT, "pattern": VISIBLE, "examples": ["John Doe"]}),
]
ClearableName = Annotated[
    str, Meta(extra_json_schema={"maxLength": names.LIMIT, "pattern": f"^$|{VISIBLE}", "examples": ["John Doe"]})
]
Avatar = Annotated[
    str,
    Meta(
        extra_json_schema={
            "maxLength": avatars.LIMIT,
            "pattern": WEB_ADDRESS,
            "examples": ["https://example.com/avatar.png"],
        }
    ),
]
Username = Annotated[
    str,
    Meta(
        extra_json_schema={
            "maxLength": usernames.LIMIT,
            "pattern": f"^{usernames.PATTERN}$",
            "examples": ["john_doe"],
        }
    ),
]
Claim = Annotated[str, Meta(extra_json_schema={"maxLength": claims.LIMIT, "pattern": PRINTABLE})]
LINES = PRINTABLE.replace(r"\x00-\x1f", r"\x00-\x08\x0b\x0c\x0e-\x1f")
AddressLine = Annotated[str, Meta(extra_json_schema={"maxLength": claims.LIMIT, "pattern": LINES})]
USER_ID_SCHEMA: dict[str, Any] = {
    "type": "string",
    "format": None,
    "minLength": 1,
    "maxLength": USER_ID_LIMIT,
    "pattern": r"^[ -~]+$(?!\n)",  # in some readers' patterns `$` alone lets a newline follow
    "examples": ["user_123"],
}
UserId = Annotated[str, Meta(extra_json_schema={name: value for name, value in USER_ID_SCHEMA.items() if value})]


VALUE = "JSONValue"


def _members() -> dict[str, Any]:
    return {"propertyNames": {"pattern": NO_NUL}, "additionalProperties": {"$ref": f"#/components/schemas/{VALUE}"}}


COMPONENTS: dict[str, Any] = {
    VALUE: {
        "description": f"Any JSON that both databases give back as it was, at most {documents.DEEPEST} levels deep.",
        "anyOf": [
            {"type": ["null", "boolean"]},
            {"type": "number", "minimum": 1 - documents.TOO_LARGE, "maximum": documents.TOO_LARGE - 1},
            {"type": "string", "pattern": NO_NUL},
            {"type": "array", "items": {"$ref": f"#/components/schemas/{VALUE}"}},
            {"type": "object", **_members()},
        ],
    }
}
"""What the request bodies refer to."""

Document = Annotated[dict[str, Any], Meta(extra_json_schema={**_members(), "examples": [{"theme": "dark"}]})]
