"""What a form of ours sends: URL-encoded, as browsers do without being told otherwise."""

from typing import Any

from litestar import Request
from litestar.datastructures import FormMultiDict

from profilegate.faces.bodies import check_type

TYPES = frozenset({"application/x-www-form-urlencoded"})


async def form_of(request: Request[Any, Any, Any]) -> FormMultiDict:
    """The form. Raises UnsupportedBody for other encodings: no page of ours sends them, and files are not expected."""
    check_type(request, TYPES)
    return await request.form()
