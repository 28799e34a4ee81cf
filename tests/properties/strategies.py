"""Anything that may be sent, from pure noise to what is almost right."""

import json
from typing import Any

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

NAMES = st.one_of(
    st.text(max_size=140), st.sampled_from(["John Doe", "", " ", "\u202e", "a\0b", "Zoe\u0308", "\ud800"])
)

JSON: SearchStrategy[Any] = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), NAMES),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(NAMES, inner, max_size=4)),
    max_leaves=8,
)

MEMBERS = st.sampled_from(["name", "regenerate_avatar", "user_ids", "Name", "name ", "tenant_id", ""])

# What a decoder may stumble over, in the places where a value or a key stands.
FRAGMENTS = st.one_of(
    JSON.map(lambda value: json.dumps(value, ensure_ascii=False).encode("utf-8", "surrogatepass")),
    st.sampled_from(
        [b"NaN", b"-Infinity", b"01", b"1e999", b"-", b"'x'", b'"\\ud800"', b'"\\q"', b'"\\u12"', b'"\n"', b'"\0"']
    ),
    st.sampled_from(
        [b'"\xff"', b'"\xed\xa0\x80"', b'"\xc0\x80"', b"[1,]", b"[" * 600, b"tru", b'"', b"/**/1", b"\xef\xbb\xbf1"]
    ),
    st.binary(max_size=6),
)


def _object(members: list[tuple[bytes, bytes]]) -> bytes:
    return b"{" + b",".join(name + b":" + value for name, value in members) + b"}"


NAMED = MEMBERS.map(lambda name: json.dumps(name).encode())
VALUES = st.one_of(FRAGMENTS, st.sampled_from([b"true", b"false", b"null", b'"John Doe"', b'["alice","bob"]']))

ALMOST_JSON = st.lists(st.tuples(st.one_of(NAMED, NAMED, NAMED, FRAGMENTS), VALUES), max_size=4).map(_object)


@st.composite
def mutated(draw: st.DrawFn, whole: SearchStrategy[bytes]) -> bytes:
    """The bytes with a piece of them replaced by other bytes."""
    original = draw(whole)
    start = draw(st.integers(0, len(original)))
    end = draw(st.integers(start, min(len(original), start + 3)))
    return original[:start] + draw(st.binary(max_size=3)) + original[end:]


def bodies(valid: SearchStrategy[Any]) -> SearchStrategy[bytes]:
    """Noise, other JSON, almost the right JSON, the right one, and the right one with a fault in it."""
    right = valid.map(lambda value: json.dumps(value).encode())
    other = JSON.map(lambda value: json.dumps(value).encode())
    return st.one_of(st.binary(max_size=200), other, ALMOST_JSON, right, mutated(right), right.map(lambda b: b + b" x"))


UPDATES = st.fixed_dictionaries(
    {}, optional={"name": st.one_of(st.none(), NAMES), "regenerate_avatar": st.booleans(), "other": JSON}
)
BATCHES = st.fixed_dictionaries(
    {"user_ids": st.lists(st.one_of(st.sampled_from(["alice", "bob"]), NAMES), max_size=5)}, optional={"other": JSON}
)

TAGS = st.one_of(
    st.sampled_from(['"1-phoenix-0"', 'W/"1-phoenix-0"', "*", '""', '"', "W/", '"999999999999999999-x"', '"9"', ","]),
    st.from_regex(r'(W/)?"[0-9]{1,25}-[a-z]{0,8}-[0-9]{0,3}"', fullmatch=True),
)
TYPES = st.sampled_from(["application/json", "APPLICATION/JSON", ";", "charset=utf-8", "text/plain", "/", " ", '"'])


def headers(words: SearchStrategy[str]) -> SearchStrategy[bytes]:
    """Any bytes, and lists of the header's own words."""
    joined = st.lists(words, max_size=5).flatmap(
        lambda each: st.sampled_from([", ", ",", ";", " "]).map(lambda s: s.join(each))
    )
    return st.one_of(
        st.binary(max_size=60), joined.map(lambda text: text.encode("latin-1")), mutated(joined.map(str.encode))
    )
