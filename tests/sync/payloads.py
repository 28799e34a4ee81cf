"""What the tests of the providers share: any JSON as payloads, and what reading one may come to."""

from collections.abc import Sequence
from copy import deepcopy
from typing import Any

from hypothesis import strategies as st

from profilegate.sync.provider import Provider
from profilegate.sync.said import Said, Unreadable

TEXTS = st.text(max_size=8)
NUMBERS = st.integers(-(2**63), 2**64) | st.floats()
VALUES = st.recursive(
    st.none() | st.booleans() | NUMBERS | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=8,
)
"""Any JSON value."""

OBJECTS = st.dictionaries(TEXTS, VALUES, max_size=4)


@st.composite
def broken(draw: st.DrawFn, *examples: dict[str, Any]) -> dict[str, Any]:
    """A real payload in which any JSON stands at up to three places."""
    payload: dict[str, Any] = deepcopy(draw(st.sampled_from(examples)))
    for _ in range(draw(st.integers(1, 3))):
        holder: Any = payload
        while True:
            place = draw(st.sampled_from(sorted(holder) if isinstance(holder, dict) else range(len(holder))))
            inner = holder[place]
            if not isinstance(inner, dict | list) or not inner or draw(st.booleans()):
                holder[place] = draw(VALUES)
                break
            holder = inner
    return payload


def can_be_read(provider: Provider, payload: dict[str, Any]) -> bool:
    """Whether the payload is read, or is unreadable; anything else is raised."""
    try:
        told: Sequence[Said] = provider.read(payload)
        named = provider.delivery_id(payload)
    except Unreadable:
        return True
    return isinstance(told, tuple) and all(map(_is_said, told)) and (named is None or isinstance(named, str))


def can_be_user(provider: Provider, payload: dict[str, Any]) -> bool:
    """The same of an answer of the provider's API."""
    assert provider.user is not None
    try:
        fields = provider.user(payload)
    except Unreadable:
        return True
    return isinstance(fields.get("suspended_by_idp", False), bool)


def _is_said(said: Any) -> bool:
    return (
        isinstance(said, Said)
        and (said.subject is None or (isinstance(said.subject, str) and bool(said.subject)))
        and (said.occurred_at is None or 0 <= said.occurred_at < 10**15)
        and type(said.sequence) is int
        and 0 <= said.sequence < 10**18
        and isinstance(said.fields.get("suspended_by_idp", False), bool)
        and (said.kind == "set" or not said.fields)
    )
