"""The avatar: which addresses are taken, and the one made for people who have none.

The service never fetches an avatar. What it keeps is an address that a browser may load.
"""

from urllib.parse import quote

from profilegate.errors import InvalidField
from profilegate.identifiers import is_web_address
from profilegate.profiles.record import ProfileKey
from profilegate.profiles.text import refuse_longer, refuse_unprintable

LIMIT = 2048
"""Code points."""


def checked(avatar: str) -> str:
    """The address as it was sent. Raises InvalidField unless it is an absolute http(s) URL with a host.

    Nothing is fetched, so the address may lead nowhere.
    """
    refuse_unprintable("avatar", avatar)
    refuse_longer("avatar", avatar, LIMIT)
    if not is_web_address(avatar):
        raise InvalidField("avatar", "must be an absolute http or https URL without user info or white space", "url")
    return avatar


def generated(base: str, key: ProfileKey) -> str:
    """The address that this user gets when nobody gave one; the same key always gives the same."""
    return _seeded(base, _seed(key))


def regenerated(base: str, key: ProfileKey, now: int) -> str:
    """A fresh address; `now` in Unix milliseconds makes it differ from the one before."""
    return _seeded(base, f"{_seed(key)}_{now}")


def _seed(key: ProfileKey) -> str:
    return f"{key.tenant_id}_{key.user_id}"


def _seeded(base: str, seed: str) -> str:
    separator = "&" if "?" in base else "?"
    return f"{base}{separator}seed={quote(seed, safe='')}"
