"""What goes over the wire, to and fro."""

from typing import Annotated

from msgspec import Meta, Struct

from profilegate.faces.described import Name, UserId

MOST_IN_BATCH = 200
"""User ids in one batch request."""


class PhoenixProfile(Struct):
    """A profile as anybody of the tenant may see it. Times are RFC 3339, UTC, in whole seconds."""

    tenant_id: str
    user_id: str
    name: str
    avatar_url: str
    created_at: str | None
    updated_at: str | None


class PhoenixUpdate(Struct):
    """What to change. An absent name and null both keep the name."""

    name: Name | None = None
    regenerate_avatar: bool = False


class PhoenixBatch(Struct):
    """Whose profiles to answer, in this order; the same id may stand there twice."""

    user_ids: Annotated[list[UserId], Meta(min_length=1, max_length=MOST_IN_BATCH)]


class PhoenixProfiles(Struct):
    """One profile for each id that was asked for, in that order."""

    profiles: list[PhoenixProfile]


class PhoenixError(Struct):
    """Every error of this face. `code` is stable, `error` is for people."""

    error: str
    code: str
