"""The reader's language: Accept-Language (RFC 9110, section 12.5.4) and the message catalogues in `locale/`.

Everything is a function of the one request: nothing remembers a language from one request to the next.
"""

import io
import re
from functools import cache
from gettext import GNUTranslations, NullTranslations
from pathlib import Path
from typing import Any

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from litestar import Request

CATALOGUES = Path(__file__).parents[1] / "locale"
LANGUAGES = ("en", *sorted(path.stem for path in CATALOGUES.glob("*.po")))

# Languages that one header may list, and characters of one tag. Beyond that nobody wishes anything.
MOST_WISHES = 20
LONGEST_TAG = 35

QVALUE = re.compile(r"[Qq]=(0(?:\.[0-9]{0,3})?|1(?:\.0{0,3})?)")

# By their tags in lower case. Chinese is a matter of the script: who reads traditional characters is not
# answered in simplified ones.
SIMPLIFIED = dict.fromkeys(("zh", "zh-cn", "zh-sg", "zh-my"), "zh_Hans")
SPOKEN = {language.lower().replace("_", "-"): language for language in LANGUAGES} | SIMPLIFIED
TRADITIONAL = ("zh-hant", "zh-tw", "zh-hk", "zh-mo")


class Reader:
    """Who reads the answer: `language` is the best that there is, by the tag that `Content-Language` takes."""

    def __init__(self, request: Request[Any, Any, Any]) -> None:
        wishes = wished(",".join(request.headers.getall("accept-language", [])))
        self._catalogue = next(filter(None, map(spoken, wishes)), "en")
        self.language = self._catalogue.replace("_", "-")

    def said(self, message: str) -> str:
        """The English message in the reader's language, or as it is where nobody has translated it."""
        return catalogue(self._catalogue).gettext(message)


def wished(header: str) -> list[str]:
    """The languages of the header in lower case, the dearest first; junk is left out.

    With a wish for traditional Chinese the bare `zh` that browsers add means that too, and is left out.
    """
    weighed = []
    for n, part in enumerate(header.split(",", MOST_WISHES)[:MOST_WISHES]):
        tag, _, parameter = part.partition(";")
        tag, weight = tag.strip().lower(), _weight(parameter.strip())
        if 0 < len(tag) <= LONGEST_TAG and weight > 0:
            weighed.append((-weight, n, tag))
    tags = [tag for _, _, tag in sorted(weighed)]
    traditional = any(tag.startswith(TRADITIONAL) for tag in tags)
    return [tag for tag in tags if not (traditional and tag == "zh")]


def _weight(parameter: str) -> float:
    if not parameter:
        return 1.0
    weight = QVALUE.fullmatch(parameter)
    return float(weight[1]) if weight else 0.0


def spoken(tag: str) -> str | None:
    """The catalogue for a tag, shortened from its end until one is found (RFC 4647, section 3.4)."""
    if tag.startswith(TRADITIONAL):
        return None
    while tag:
        if tag in SPOKEN:
            return SPOKEN[tag]
        tag = tag.rpartition("-")[0]
    return None


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
