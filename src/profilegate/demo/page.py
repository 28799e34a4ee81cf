"""What a person at a browser sees. No script, no image, nothing from elsewhere: the policy forbids it all."""

import hashlib
from base64 import b64encode
from collections.abc import Iterable, Mapping
from html import escape
from urllib.parse import urlsplit

from litestar import MediaType, Response

from profilegate.demo.people import BY_USERNAME, Person

_STYLE = """
:root { color-scheme: light dark; font: 1.125rem/1.5 system-ui, sans-serif; }
body { margin: 0; display: grid; place-items: center; min-height: 100vh; }
main { padding: 1.5rem; max-width: 26rem; }
h1 { font-size: 1.5rem; }
button { display: block; width: 100%; margin: .5rem 0; padding: .75rem 1rem; font: inherit; text-align: start; }
button:focus-visible { outline: 3px solid Highlight; outline-offset: 2px; }
"""

_STYLE_HASH = b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()


def choice(parameters: Mapping[str, str], client_id: str, redirect_uri: str) -> Response[str]:
    """The people to choose from. The parameters of the request travel along in the form, to be checked again.

    A `person` among them does not: a link must not choose before the reader does.
    """
    fields = "".join(_hidden(name, value) for name, value in parameters.items() if name != "person")
    people = "".join(_button(person) for person in BY_USERNAME.values())
    content = (
        f"<p>{escape(client_id)} asks you to sign in. This is a development provider: it knows no passwords.</p>"
        f'<form method="post" action="/authorize">{fields}{people}'
        '<button name="person" value="">Cancel</button></form>'
    )
    return _page(200, "Who are you?", content, [_form_target(redirect_uri)])


def message(status: int, title: str, text: str) -> Response[str]:
    """A page that only says something."""
    return _page(status, title, f"<p>{escape(text)}</p>")


def _hidden(name: str, value: str) -> str:
    return f'<input type="hidden" name="{escape(name)}" value="{escape(value)}">'


def _button(person: Person) -> str:
    label = f"{escape(person.name)}, operator" if person.operator else escape(person.name)
    return f'<button name="person" value="{escape(person.username)}">{label}</button>'


def _form_target(redirect_uri: str) -> str:
    """Where the form's answer redirects to: browsers hold `form-action` against redirects as well.

    Only the scheme where there is no host to name, or where CSP has no way to write it (IPv6).
    """
    parts = urlsplit(redirect_uri)
    plain = parts.scheme in {"http", "https"} and "[" not in parts.netloc
    return f"{parts.scheme}://{parts.netloc}" if plain else f"{parts.scheme}:"


def _page(status: int, title: str, content: str, form_targets: Iterable[str] = ()) -> Response[str]:
    html = (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)} - profilegate demo</title><style>{_STYLE}</style></head>"
        f"<body><main><h1>{escape(title)}</h1>{content}</main></body></html>"
    )
    return Response(html, status_code=status, media_type=MediaType.HTML, headers=_headers(form_targets))


def _headers(form_targets: Iterable[str]) -> dict[str, str]:
    targets = " ".join(("'self'", *form_targets))
    return {
        "Content-Security-Policy": (
            f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; base-uri 'none'; frame-ancestors 'none'; "
            f"form-action {targets}"
        ),
        "Cache-Control": "no-store",
        "Referrer-Policy": "no-referrer",
        "X-Content-Type-Options": "nosniff",
    }
