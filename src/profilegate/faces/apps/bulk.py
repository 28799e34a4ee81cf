"""Many documents in one request, read while they come."""

from collections.abc import AsyncIterator
from typing import Annotated, Any

from litestar import Request, Response, post
from litestar.di import NamedDependency
from litestar.openapi import ResponseSpec
from litestar.params import QueryParameter, SkipValidation

from profilegate import errors
from profilegate.auth.principal import Principal
from profilegate.auth.rules import operated_tenant, operator
from profilegate.faces.apps import wire
from profilegate.faces.bodies import check_type
from profilegate.faces.conditional import SHOWN
from profilegate.faces.openapi import body, refusals
from profilegate.profiles.bulk import Mode, OnConflict
from profilegate.profiles.bulk_service import BulkOrder, BulkService
from profilegate.profiles.json_stream import Item, ItemStream

FACE = "apps"

SOME = ResponseSpec(wire.BulkStatus, description="With mode=partial", generate_examples=False)

Caller = Request[Principal, Any, Any]
Bulks = NamedDependency[SkipValidation[BulkService]]


@post(
    "/operator/profile/create-bulk",
    status_code=201,
    operation_class=body(wire.Bulk),
    responses={207: SOME, **refusals(wire.AppError, 400, 401, 403, 413, 415, 422, 500, 503)},
)
async def post_bulk(
    request: Caller,
    bulks: Bulks,
    mode: Annotated[Mode, QueryParameter(required=False)] = "all",
    on_conflict: Annotated[OnConflict, QueryParameter(required=False)] = "error",
) -> Response[wire.BulkCreated | wire.BulkStatus]:
    """Store many users' documents. All or nothing, unless `mode=partial` writes what is good and tells of the rest."""
    tenant_id = operated_tenant(request.user)
    check_type(request)
    order = BulkOrder(tenant_id, operator(request.user, FACE), mode, on_conflict)
    result = await bulks.write(items(request), order)
    if mode == "partial":
        return Response(wire.to_status(result), status_code=207, headers=SHOWN)
    if result.refusals:
        told = [{"index": each.index, "error": each.reason} for each in result.refused]
        raise errors.BulkRefused(told, result.refusals)
    return Response(wire.to_created(result), status_code=201, headers=SHOWN)


async def items(request: Caller) -> AsyncIterator[Item]:
    """The items of the body as they come. Raises MalformedBody; Litestar refuses what is over the limit."""
    stream = ItemStream()
    async for piece in request.stream():
        for item in stream.feed(piece):
            yield item
    for item in stream.end():
        yield item
