"""What a provider may send instead of what it documents, and what every reader owes us whatever it is sent."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from copy import deepcopy
from typing import Any

from hypothesis import strategies as st

from profilegate.profiles import claims
from profilegate.profiles.events import SUSPENSION
from profilegate.profiles.record import MEMBER, ProfileChange
from profilegate.sync.said import Said, Unreadable

KINDS = {"set", "suspend", "restore", "revoke", "delete", "logout"}
FIELDS = {*ProfileChange.__struct_fields__, *(f"{MEMBER}{name}" for name in claims.MEMBERS), SUSPENSION}

ODD_TEXTS = [
    "",
    "0",
    "1e9",
    "2026-11-21T00:34:02Z",
    "0001-01-01T00:00:00Z",
    "9999-12-31T23:59:59Z",
    "eyJhIjoxfQ==",
    "{}",
]

scalars = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.just(10**30)
    | st.floats()
    | st.text(max_size=12)
    | st.sampled_from(ODD_TEXTS)
)
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=8,
)
objects = st.dictionaries(st.text(max_size=8), values, max_size=5)


@st.composite
def altered(draw: st.DrawFn, examples: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """One of the documented payloads with any JSON in some of its places, or without them."""
    payload = deepcopy(draw(st.sampled_from(examples)))
    for _ in range(draw(st.integers(1, 4))):
        holder, name = draw(st.sampled_from(_places(payload)))
        if isinstance(holder, dict) and draw(st.booleans()):
            holder.pop(name, None)
        else:
            holder[name] = draw(values)
    return payload


def anything(*examples: dict[str, Any]) -> st.SearchStrategy[dict[str, Any]]:
    """Any JSON object at all, and those that are nearly right."""
    return objects | altered(examples)


def check_read(read: Callable[[dict[str, Any]], Sequence[Said]], payload: dict[str, Any]) -> None:
    """The payload says something well-formed, or nothing, or cannot be read; nothing else happens."""
    try:
        said = read(payload)
    except Unreadable:
        return
    assert isinstance(said, tuple)
    for each in said:
        assert each.subject or (each.kind == "logout" and each.session_id)
        assert isinstance(each.subject, str | None)
        assert each.kind in KINDS
        assert each.occurred_at is None or (type(each.occurred_at) is int and each.occurred_at >= 0)
        assert type(each.sequence) is int
        assert 0 <= each.sequence < 10**18
        assert each.tenant is None or isinstance(each.tenant, str)
        assert each.kind == "set" or not each.fields
        check_fields(each.fields)


def check_user(user: Callable[[dict[str, Any]], dict[str, Any]] | None, payload: dict[str, Any]) -> None:
    """The answer is a user's fields, or cannot be read; nothing else happens."""
    assert user is not None
    with suppress(Unreadable):
        check_fields(user(payload))


def check_fields(fields: dict[str, Any]) -> None:
    assert fields.keys() <= FIELDS
    assert isinstance(fields.get(SUSPENSION, False), bool)


def _places(value: Any) -> list[tuple[Any, Any]]:
    """Every member and item, as what holds it and its name or index there."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [place for name, each in inner for place in [(value, name), *_places(each)]] or [({}, "")]
