"""What a verified body is: a JSON object, or a JWT whose claims are one."""

from urllib.parse import parse_qs

from profilegate.auth.json_object import json_object
from profilegate.auth.jws import UnverifiedToken, parsed
from profilegate.errors import InvalidSignature, InvalidToken, MalformedBody
from profilegate.sync.said import Payload


def json_payload(body: bytes) -> Payload:
    """The JSON object. Raises MalformedBody."""
    try:
        body.decode()  # msgspec does not look into what it skips, and JSON is UTF-8 throughout
        return json_object(body)
    except ValueError as error:
        raise MalformedBody from error


def token_in(text: bytes) -> UnverifiedToken:
    """The JWT that is this text. Raises InvalidSignature: without one there is none."""
    try:
        return parsed(text.strip())
    except InvalidToken as error:
        raise InvalidSignature(error.reason) from error


def logout_token(body: bytes) -> bytes:
    """The one `logout_token` of a form (OpenID Connect Back-Channel Logout 1.0, section 2.5)."""
    try:
        form = parse_qs(body.decode("ascii"), max_num_fields=20, errors="strict")
    except ValueError as error:
        raise InvalidSignature("the body is not a form") from error
    values = form.get("logout_token", [])
    if len(values) != 1 or not values[0].isascii():
        raise InvalidSignature("the form must have exactly one logout_token")
    return values[0].encode()
