"""The OpenAPI document in the form in which `told.mjs` prints the types of the TypeScript client."""

import json
from collections.abc import Iterable, Mapping
from typing import Any

METHODS = {"get", "put", "post", "patch", "delete"}
TAGS = {"Phoenix profiles", "Logto profile", "App profiles"}
NEWER_NAME = "/api/my-account"  # Logto's second name for /api/profile

NAMES = {"integer": "number", "number": "number", "string": "string", "boolean": "boolean", "null": "null"}

Told = Any
"""A name of a type, or an object with one of the keys list, record, object, oneOf, literal."""


def routes(document: Mapping[str, Any]) -> dict[str, dict[str, Told]]:
    """Every request of the faces that clients speak: its query, body, answer and error."""
    schemas = document["components"]["schemas"]
    return {
        f"{method.upper()} {path}": _parts(operation, schemas)
        for path, item in document["paths"].items()
        for method, operation in item.items()
        if method in METHODS and TAGS & set(operation["tags"]) and not path.startswith(NEWER_NAME)
    }


def _parts(operation: Mapping[str, Any], schemas: Mapping[str, Any]) -> dict[str, Told]:
    parts: dict[str, Told] = {}
    if query := [each for each in operation.get("parameters", []) if each["in"] == "query"]:
        parts["query"] = {
            "object": {
                each["name"]: {"optional": not each["required"], "type": told(each["schema"], schemas)}
                for each in query
            }
        }
    if "requestBody" in operation:
        parts["body"] = _one_of(told(each, schemas) for each in _contents(operation["requestBody"]))
    answers = [answer for status, answer in operation["responses"].items() if status.startswith("2")]
    parts["answer"] = _one_of(told(each, schemas) for answer in answers for each in _contents(answer))
    parts["error"] = _one_of(told(each, schemas) for each in _contents(operation["responses"]["401"]))
    return parts


def _contents(described: Mapping[str, Any]) -> Iterable[Mapping[str, Any]]:
    """The schemas of all media types; no content is nothing."""
    return [each["schema"] for each in described.get("content", {}).values()] or [{"type": "nothing"}]


def told(schema: Mapping[str, Any], schemas: Mapping[str, Any]) -> Told:
    """A schema in this form. Limits of values are left out: types cannot say them."""
    match schema:
        case {"$ref": reference}:
            name = reference.rpartition("/")[2]
            return "json" if name == "JSONValue" else told(schemas[name], schemas)
        case {"enum": values}:
            return _one_of({"literal": value} for value in values)
        case {"properties": properties}:
            needed = schema.get("required", [])
            return {
                "object": {
                    name: {"optional": name not in needed, "type": told(each, schemas)}
                    for name, each in properties.items()
                }
            }
        case {"oneOf": several} | {"anyOf": several}:
            return _one_of(told(each, schemas) for each in several)
        case {"type": list(several)}:
            return _one_of(told({"type": each}, schemas) for each in several)
        case {"type": "array"}:
            return {"list": told(schema.get("items", {}), schemas)}
        case {"type": "object"}:
            members = schema.get("additionalProperties", {})
            return {"record": told({} if members is True else members, schemas)}
        case {"type": name}:
            return NAMES.get(name, name)
    return "unknown"


def _one_of(several: Iterable[Told]) -> Told:
    """Each once, in one order; a choice within a choice is one choice."""
    flat: set[str] = set()
    for each in several:
        inner = each["oneOf"] if isinstance(each, dict) and "oneOf" in each else [each]
        flat |= {json.dumps(one, separators=(",", ":")) for one in inner}
    found = [json.loads(each) for each in sorted(flat)]
    return found[0] if len(found) == 1 else {"oneOf": found}
