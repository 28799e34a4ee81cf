"""Limits as the API description tells them. The rules themselves are the domain's; these are only shown."""

from typing import Annotated, Any

from msgspec import Meta

from profilegate.identifiers import USER_ID_LIMIT
from profilegate.profiles import avatars, claims, names, usernames

# What no name may hold, and that it must show something (profiles/text.py), as far as a pattern can say it.
VISIBLE = r"^[^\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]*$"

Name = Annotated[
    str,
    Meta(extra_json_schema={"minLength": 1, "maxLength": names.LIMIT, "pattern": VISIBLE, "examples": ["John Doe"]}),
]
Avatar = Annotated[
    str,
    Meta(
        extra_json_schema={
            "format": "uri",
            "maxLength": avatars.LIMIT,
            "pattern": r"^https?://",
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
Claim = Annotated[str, Meta(extra_json_schema={"maxLength": claims.LIMIT, "pattern": VISIBLE})]
USER_ID_SCHEMA: dict[str, Any] = {
    "type": "string",
    "minLength": 1,
    "maxLength": USER_ID_LIMIT,
    "pattern": "^[ -~]+$",
    "examples": ["user_123"],
}
UserId = Annotated[str, Meta(extra_json_schema=USER_ID_SCHEMA)]
Document = Annotated[dict[str, Any], Meta(extra_json_schema={"examples": [{"theme": "dark"}]})]
