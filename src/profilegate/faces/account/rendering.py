"""Pages from templates, in the reader's language, with the headers that keep everybody else out."""

from collections.abc import Sequence
from functools import cache
from typing import Any

from babel import Locale
from jinja2 import Environment, PackageLoader, StrictUndefined
from litestar import MediaType, Request, Response
from litestar.datastructures import Cookie

from profilegate.faces.account.place import Place
from profilegate.faces.account.words import FILTERS
from profilegate.faces.languages import Reader, catalogue

# Nothing but avatars comes from elsewhere, and nothing goes elsewhere but a sign-out to the provider.
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' https: http://127.0.0.1:* "
    "http://localhost:*; connect-src 'self'; base-uri 'none'; frame-ancestors 'none'; form-action 'self'{}"
)
HEADERS = {
    "cache-control": "no-store",
    "referrer-policy": "same-origin",  # with no-referrer browsers would hide the Origin of our own forms
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=(), payment=()",
}
HSTS = {"strict-transport-security": "max-age=31536000"}


class Renderer:
    """Makes pages. `place` says where they are and what they are called."""

    def __init__(self, place: Place) -> None:
        self._place = place
        policy = POLICY.format("".join(f" {each}" for each in place.sign_out_origins))
        self._headers = HEADERS | {"content-security-policy": policy} | (HSTS if place.secure else {})

    def page(
        self,
        request: Request[Any, Any, Any],
        template: str,
        status: int = 200,
        cookies: Sequence[Cookie] = (),
        **told: Any,
    ) -> Response[str]:
        """The template as a page, for this reader."""
        reader = Reader(request)
        environment = environment_of(reader.language.replace("-", "_"))
        locale = Locale.parse(reader.language, sep="-")
        html = environment.get_template(template).render(
            told, language=reader.language, direction=locale.text_direction, place=self._place, locale=locale
        )
        headers = self._headers | {"content-language": reader.language, "vary": "Cookie, Accept-Language"}
        return Response(html, status_code=status, media_type=MediaType.HTML, headers=headers, cookies=list(cookies))


@cache
def environment_of(language: str) -> Environment:
    """The templates with one language's messages; one for each language, for good."""
    environment = Environment(
        loader=PackageLoader("profilegate", "faces/account/templates"),
        autoescape=True,
        undefined=StrictUndefined,
        extensions=["jinja2.ext.i18n"],
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(FILTERS, said=catalogue(language).gettext)  # plain text, so it is escaped
    environment.install_gettext_translations(catalogue(language), newstyle=True)  # type: ignore[attr-defined]
    return environment
