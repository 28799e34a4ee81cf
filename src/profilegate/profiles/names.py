"""The display name: which ones are taken, and the one made for people who have none."""

import hashlib
import unicodedata

from profilegate.errors import InvalidField
from profilegate.profiles.record import ProfileKey
from profilegate.profiles.text import refuse_longer, refuse_unprintable, shows_nothing
from profilegate.profiles.words import ADJECTIVES, ANIMALS

LIMIT = 128
"""Code points after normalisation, as wide as the columns of the providers in use."""

HIGHEST_NUMBER = 99

# Part of the hash, so part of every generated name: frozen like the word lists. The number is the
# first with which the user that the API's documents show is really called what they show.
SALT = b"profilegate name 13368882"


def checked(name: str) -> str:
    """The name in Unicode Normalization Form C. Raises InvalidField when it breaks the rule.

    It does not trim, and it lets markup through: a name is text, and who shows it escapes it.
    """
    refuse_unprintable("name", name)
    normal = unicodedata.normalize("NFC", name)
    if shows_nothing(normal):
        raise InvalidField("name", "must not be empty", "blank")
    refuse_longer("name", normal, LIMIT)
    return normal


def generated(key: ProfileKey) -> str:
    """The name that this user gets when nobody gave one: "Brave Tiger 42".

    The same key always gives the same name, on every worker, so racing first reads agree. Names are
    not unique: there are about 6.7 million.
    """
    number = int.from_bytes(_digest(key)[:8], "big")
    number, n = divmod(number, HIGHEST_NUMBER)
    number, animal = divmod(number, len(ANIMALS))
    return f"{ADJECTIVES[number % len(ADJECTIVES)]} {ANIMALS[animal]} {n + 1}"


def _digest(key: ProfileKey) -> bytes:
    # NUL is in no id, so two different keys never hash the same text.
    return hashlib.sha256(b"\0".join((SALT, key.tenant_id.encode(), key.user_id.encode()))).digest()
