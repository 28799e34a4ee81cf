"""The reader's language: Accept-Language (RFC 9110, section 12.5.4) and the message catalogues in `locale/`.

Everything is a function of the one request: nothing remembers a language from one request to the next.
"""

import io
from functools import cache
from gettext import GNUTranslations, NullTranslations
from pathlib import Path
from typing import Any

from babel import negotiate_locale
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from litestar import Request

CATALOGUES = Path(__file__).parents[1] / "locale"
LANGUAGES = ("en", *sorted(path.stem for path in CATALOGUES.glob("*.po")))

# Languages that one header may list. A longer list is nobody's wish.
MOST_WISHES = 20

# What people's browsers say for the scripts and regions of Chinese that read simplified characters.
ALIASES = {"zh": "zh_Hans", "zh_cn": "zh_Hans", "zh_sg": "zh_Hans", "zh_hans_cn": "zh_Hans"}


class Reader:
    """Who reads the answer: `language` is the best that there is, by the tag that `Content-Language` takes."""

    def __init__(self, request: Request[Any, Any, Any]) -> None:
        wishes = wished(request.headers.get("accept-language", ""))
        self._locale = negotiate_locale(wishes, LANGUAGES, aliases=ALIASES) or "en"
        self.language = self._locale.replace("_", "-")

    def said(self, message: str) -> str:
        """The English message in the reader's language, or as it is where nobody has translated it."""
        return catalogue(self._locale).gettext(message)


def wished(header: str) -> list[str]:
    """The languages of the header, the dearest first, as Babel writes them (`zh_Hans`); junk is left out."""
    weighed = []
    for n, part in enumerate(header.split(",")[:MOST_WISHES]):
        tag, _, parameter = part.partition(";")
        weight = _weight(parameter)
        if tag.strip() and weight > 0:
            weighed.append((-weight, n, tag.strip().replace("-", "_").lower()))
    return [_cased(tag) for _, _, tag in sorted(weighed)]


def _weight(parameter: str) -> float:
    name, _, value = parameter.strip().partition("=")
    try:
        return float(value) if name.strip() == "q" else 1.0
    except ValueError:
        return 0.0


def _cased(tag: str) -> str:
    """`ZH-hans` as Babel looks it up; aliases are looked up in lower case."""
    return ALIASES.get(tag, tag)


@cache
def catalogue(language: str) -> NullTranslations:
    """The messages of one language, read once from its PO file (GNU gettext)."""
    path = CATALOGUES / f"{language}.po"
    if language not in LANGUAGES or not path.exists():
        return NullTranslations()
    compiled = io.BytesIO()
    with path.open("rb") as file:
        write_mo(compiled, read_po(file, locale=language))
    compiled.seek(0)
    return GNUTranslations(compiled)
