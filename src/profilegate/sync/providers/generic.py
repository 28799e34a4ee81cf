"""Any other provider: where its payloads have what we need is said in the settings, as JSON pointers."""

from collections.abc import Sequence
from typing import Any

from profilegate.profiles.events import Kind
from profilegate.sync.provider import Provider
from profilegate.sync.said import Payload, Said, moment, pointed, text_at, whole
from profilegate.sync_settings import MappingSettings, Signature

KINDS: tuple[Kind, ...] = ("set", "delete", "suspend", "restore", "revoke")


def generic(mapping: MappingSettings, signature: Signature, header: str) -> Provider:
    """The provider that the settings describe."""
    known: dict[Any, Kind] = {name: kind for kind in KINDS for name in getattr(mapping, kind)}

    def read(payload: Payload) -> Sequence[Said]:
        kind = "set" if mapping.event is None else known.get(text_at(payload, mapping.event))
        subject = subject_of(pointed(payload, mapping.subject))
        if kind is None or subject is None:
            return ()
        return (
            Said(
                subject=subject,
                kind=kind,
                occurred_at=moment(_at(payload, mapping.occurred_at)),
                sequence=whole(_at(payload, mapping.sequence)),
                tenant=mapping.tenant and text_at(payload, mapping.tenant),
                fields=fields(payload) if kind == "set" else {},
            ),
        )

    def fields(payload: Payload) -> dict[str, Any]:
        found = {field: pointed(payload, pointer) for field, pointer in mapping.fields.items()}
        return {field: value for field, value in found.items() if mapping.snapshot or value is not None}

    def delivery_id(payload: Payload) -> str | None:
        return None if mapping.delivery_id is None else subject_of(pointed(payload, mapping.delivery_id))

    return Provider(signature=signature, header=header, read=read, delivery_id=delivery_id, user=fields)


def subject_of(value: Any) -> str | None:
    """An id, which some providers write as a number."""
    return str(value) if type(value) is int else value if isinstance(value, str) and value else None


def _at(payload: Payload, pointer: str | None) -> Any:
    return None if pointer is None else pointed(payload, pointer)
