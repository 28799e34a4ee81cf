"""Whether a form was sent from our own page: browsers say so, and no page can make them say otherwise.

Fetch Metadata (`Sec-Fetch-Site`), or `Origin` from browsers that do not have it. With cookies that are SameSite=Lax
besides, no token has to travel in the form, so a form outlives the session that it was shown in.
"""

from typing import Any

from litestar import Request

from profilegate.errors import CrossSite


def check_same_origin(request: Request[Any, Any, Any], origin: str) -> None:
    """Raise CrossSite unless the request comes from a page of this origin."""
    site = request.headers.get("sec-fetch-site")
    same = site == "same-origin" if site is not None else request.headers.get("origin") == origin
    if not same:
        raise CrossSite
