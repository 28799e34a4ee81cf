"""What Hypothesis draws for the domain's tests."""

from hypothesis import strategies as st

from profilegate.identifiers import TENANT_ID_LIMIT, USER_ID_LIMIT
from profilegate.profiles.record import ProfileKey


def identifiers(limit: int) -> st.SearchStrategy[str]:
    return st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E), min_size=1, max_size=limit)


keys = st.builds(ProfileKey, identifiers(TENANT_ID_LIMIT), identifiers(USER_ID_LIMIT))

# Every character there is, surrogates included, and those with rules of their own more often than by chance.
SPECIAL = "\0\n\t\x7f\u0085 \u00a0\u200b\u200d\u2028\u2029\ud800\udfff\u202e\u2066\u200f\u061c\u0301\u0958Åaé😀"
texts = st.text(st.characters() | st.sampled_from(SPECIAL), max_size=140)
