"""How the faces are described in the OpenAPI document: bodies, errors, and the scheme of the token.

Handlers read bodies themselves, strictly, so the framework does not know them: they are described here.
"""

from collections.abc import Iterable, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

import msgspec
from litestar.openapi import OpenAPIConfig, ResponseSpec
from litestar.openapi.spec import Components, OpenAPIMediaType, Operation, Reference, RequestBody, SecurityScheme

from profilegate.settings import IssuerSettings

JSON = ("application/json",)


def body(kind: type, types: Sequence[str] = JSON) -> type[Operation]:
    """The description of an operation that takes a struct as its body, in any of these media types."""
    content = {each: OpenAPIMediaType(schema=Reference(ref=_reference(kind.__name__))) for each in types}

    @dataclass
    class WithBody(Operation):
        def __post_init__(self) -> None:
            self.request_body = RequestBody(content=content, required=True)

    return WithBody


def refusals(kind: type, *statuses: int) -> dict[int, ResponseSpec]:
    """The error answers of an operation, all in the face's own shape."""
    return {each: ResponseSpec(kind, description=HTTPStatus(each).phrase, generate_examples=False) for each in statuses}


def described(
    config: OpenAPIConfig | None, issuers: Sequence[IssuerSettings], bodies: Iterable[type]
) -> OpenAPIConfig | None:
    """A copy of the host's configuration, with the scheme that the faces' security refers to and their bodies."""
    if config is None:
        return None
    scheme = SecurityScheme(
        type="http",
        scheme="bearer",
        bearer_format="JWT",
        description="An access token of " + " or ".join(each.issuer for each in issuers),
    )
    copy = deepcopy(config)
    ours = Components(security_schemes={"oidc": scheme}, schemas=_schemas(bodies))
    theirs = copy.components if isinstance(copy.components, list) else [copy.components]
    copy.components = [*theirs, ours]
    return copy


def _schemas(bodies: Iterable[type]) -> dict[str, Any]:
    _, schemas = msgspec.json.schema_components(bodies, ref_template=_reference("{name}"))
    return {name: _overridden(schema) for name, schema in schemas.items()}


def _overridden(schema: Mapping[str, Any]) -> dict[str, Any]:
    """Without `default`: leaving a member out is not the same as sending it."""
    kept = {name: value for name, value in schema.items() if name != "properties"}
    members = {
        name: {key: value for key, value in member.items() if key != "default"}
        for name, member in schema.get("properties", {}).items()
    }
    return {**kept, "properties": members}


def _reference(name: str) -> str:
    return f"#/components/schemas/{name}"
