"""How the faces are described in the OpenAPI document: bodies, errors, and the scheme of the token.

Handlers read bodies themselves, strictly, so the framework does not know them: they are described here.
"""

from collections.abc import Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, cast

import msgspec
from litestar.openapi import OpenAPIConfig, ResponseSpec
from litestar.openapi.spec import Components, OpenAPI, OpenAPIMediaType, Operation, RequestBody, Schema, SecurityScheme

from profilegate.faces.described import COMPONENTS
from profilegate.settings import IssuerSettings

JSON = ("application/json",)

SCHEME = "oidc"
"""The name of the security scheme."""


def body(
    kind: type, types: Sequence[str] = JSON, rule: Mapping[str, Any] | None = None, required: bool = True
) -> type[Operation]:
    """The description of an operation that takes a struct as its body, in any of these media types.

    `rule` is JSON Schema for what a struct cannot say.
    """
    described = cast(Schema, {**_schema(kind), **(rule or {})})
    content = {each: OpenAPIMediaType(schema=described) for each in types}

    @dataclass
    class WithBody(Operation):
        def __post_init__(self) -> None:
            self.request_body = RequestBody(content=content, required=required)

    return WithBody


class Refusals(dict[int, ResponseSpec]):
    """Error answers by their status. Nobody changes them, so Litestar's copies of a handler may share them."""

    def __deepcopy__(self, _: object) -> "Refusals":
        return self


def refusals(kind: type, *statuses: int) -> Refusals:
    """The error answers of an operation, all in the face's own shape."""
    return Refusals(
        (each, ResponseSpec(kind, description=HTTPStatus(each).phrase, generate_examples=False)) for each in statuses
    )


@dataclass
class Document(OpenAPI):
    """With what the request bodies refer to. The framework writes its components anew whenever it builds a document,
    so ours are added when that becomes text."""

    def to_schema(self) -> dict[str, Any]:
        schema = super().to_schema()
        schema["components"].setdefault("schemas", {}).update(COMPONENTS)
        return schema


def described(config: OpenAPIConfig | None, issuers: Sequence[IssuerSettings]) -> OpenAPIConfig | None:
    """A copy of the host's configuration, with the scheme that the faces' security refers to."""
    if config is None:
        return None
    scheme = SecurityScheme(
        type="http",
        scheme="bearer",
        bearer_format="JWT",
        description="An access token of " + " or ".join(each.issuer for each in issuers),
    )
    copy = deepcopy(config)
    ours = Components(security_schemes={SCHEME: scheme})
    theirs = copy.components if isinstance(copy.components, list) else [copy.components]
    copy.components = [*theirs, ours]
    return copy


class Completing(OpenAPIConfig):
    """Makes documents that have what our request bodies refer to."""

    def to_openapi_schema(self) -> OpenAPI:
        return Document(**vars(super().to_openapi_schema()))


def completed(config: OpenAPIConfig | None) -> OpenAPIConfig | None:
    """The same configuration, of its own class still, for an application that has our faces."""
    if config is not None and not isinstance(config, Completing):
        config.__class__ = type(type(config).__name__, (Completing, type(config)), {})
    return config


def _schema(kind: type) -> dict[str, Any]:
    """The struct's JSON Schema in one piece: components of the document are the framework's to write."""
    (root,), definitions = msgspec.json.schema_components([kind], ref_template="{name}")
    schema: dict[str, Any] = _inlined(root, definitions)
    return schema


def _inlined(value: Any, definitions: Mapping[str, Any]) -> Any:
    """Every reference replaced by what it means; no `default`, since leaving a member out is not sending it."""
    if isinstance(value, list):
        return [_inlined(each, definitions) for each in value]
    if not isinstance(value, dict):
        return value
    if value.get("$ref") in definitions:
        return _inlined(definitions[value["$ref"]], definitions)
    return {name: _inlined(each, definitions) for name, each in value.items() if name != "default"}
