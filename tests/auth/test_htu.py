"""When two writings are one address (RFC 9449, section 4.3; RFC 3986, sections 6.2.2 and 6.2.3)."""

import string
from urllib.parse import quote

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from profilegate.auth.dpop import normalised

EQUAL = [
    # RFC 3986, section 6.2.3: all four are one.
    ("http://example.com", "http://example.com/"),
    ("http://example.com", "http://example.com:/"),
    ("http://example.com", "http://example.com:80/"),
    ("https://example.com:443/a", "https://example.com/a"),
    # Section 6.2.2.1: case.
    ("HTTP://www.EXAMPLE.com/", "http://www.example.com/"),
    ("https://a.example/%7bfoo%7d", "https://a.example/%7Bfoo%7D"),
    ("https://[2001:DB8::A]/", "https://[2001:db8::a]/"),
    # Section 6.2.2.2: what needs no escape.
    ("https://a.example/%7Ealice", "https://a.example/~alice"),
    ("https://a.example/%61%2D%2e%5F%7e%30", "https://a.example/a-._~0"),
    # RFC 9449: without query and fragment.
    ("https://a.example/p?q=1", "https://a.example/p#f"),
    ("https://a.example?q", "https://a.example/"),
]

# RFC 3986, section 6.2.2.3; the first is the example at the head of section 6.2.2.
DOTS = [
    ("https://a/./b/../b/%63/%7bfoo%7d", "https://a/b/c/%7Bfoo%7D"),
    ("https://a.example/x/../y", "https://a.example/y"),
    ("https://a.example/x/./y", "https://a.example/x/y"),
    ("https://a.example/x/%2E%2E/y", "https://a.example/y"),
    ("https://a.example/x/y/..", "https://a.example/x/"),
    ("https://a.example/x/y/z/..", "https://a.example/x/y/"),
    ("https://a.example/x/y/.", "https://a.example/x/y/"),
    ("https://a.example/x/y/../z", "https://a.example/x/z"),
    ("https://a.example/..", "https://a.example/"),
    ("https://a.example/../../x", "https://a.example/x"),
    ("https://a.example/.", "https://a.example"),
    ("https://a.example/x//../y", "https://a.example/x/y"),
    ("https://a.example/x/...", "https://a.example/x/%2e.."),
    # The examples of section 5.2.4.
    ("https://a/b/c/./../../g", "https://a/g"),
    ("https://a/mid/content=5/../6", "https://a/mid/6"),
]

DIFFERENT = [
    ("https://a.example/", "http://a.example/"),
    ("https://a.example/", "https://b.example/"),
    ("https://a.example/", "https://a.example./"),
    ("https://a.example/", "https://a.example:8443/"),
    ("https://a.example/", "https://a.example:80/"),
    ("http://a.example/", "http://a.example:443/"),
    ("https://a.example/", "https://a.example:0/"),
    ("http://localhost/", "http://localhost:0/"),
    ("https://a.example/p", "https://a.example/p/"),
    ("https://a.example/p", "https://a.example//p"),
    ("https://a.example/p", "https://a.example/P"),
    ("https://a.example/p", "https://a.example/p;x"),
    ("https://a.example/a/b", "https://a.example/a%2Fb"),
    ("https://a.example/a?b", "https://a.example/a%3Fb"),
    ("https://a.example/a#b", "https://a.example/a%23b"),
    ("https://a.example/a%2525", "https://a.example/a%25"),
    ("https://a.example/%2561", "https://a.example/%61"),
    ("https://a.example/a+b", "https://a.example/a%2Bb"),
    ("https://a.example/a+b", "https://a.example/a%20b"),
    ("https://a.example/%C3%A9", "https://a.example/%E9"),
    ("https://a.example/%00", "https://a.example/"),
    ("https://a.example/x/...", "https://a.example/"),
    ("https://a.example/x/.y", "https://a.example/x/y"),
    ("https://a.example/x/y..", "https://a.example/x/"),
    ("https://a.example/x/%2F../y", "https://a.example/x/y"),
    ("https://127.0.0.1/", "https://localhost/"),
    ("https://[::1]/", "https://localhost/"),
    ("https://xn--e1afmkfd.example/", "https://xn--80ak6aa92e.example/"),
]

NONE = [
    "",
    "/",
    "/api/profile",
    "//a.example/",
    "a.example/",
    "https:",
    "https:a.example/",
    "https:/a.example/",
    "https://",
    "https:///api",
    "https://?q",
    "https://:443/",
    "ftp://a.example/",
    "wss://a.example/",
    "javascript:alert(1)",
    "data:,x",
    "file:///etc/passwd",
    "https://user@a.example/",
    "https://user:password@a.example/",
    "https://@a.example/",
    "https://a.example:x/",
    "https://a.example:65536/",
    "https://a.example:-1/",
    "https://[::1/",
    "https://[nonsense]/",
    "https://a.example]/",
]


@pytest.mark.parametrize(("one", "other"), EQUAL)
def test_writings_of_one_address_are_equal(one: str, other: str) -> None:
    assert normalised(one) is not None
    assert normalised(one) == normalised(other)


@pytest.mark.parametrize(("one", "other"), DOTS)
def test_dot_segments_are_resolved_as_every_client_does_before_it_asks(one: str, other: str) -> None:
    assert normalised(one) == normalised(other)


@pytest.mark.parametrize(("one", "other"), DIFFERENT)
def test_different_addresses_are_not_equal(one: str, other: str) -> None:
    assert normalised(one) != normalised(other)


@pytest.mark.parametrize("url", NONE)
def test_what_is_no_http_address_is_none(url: str) -> None:
    assert normalised(url) is None


@pytest.mark.parametrize(
    "url", ["https://a.example/p\tq", " https://a.example/p", "https://a.exa\nmple/p", "\0https://a.example/p"]
)
def test_what_no_url_may_hold_is_not_taken_out_to_make_it_one(url: str) -> None:
    assert normalised(url) is None


def test_an_address_is_its_scheme_host_port_and_path() -> None:
    assert normalised("https://Profiles.example/v1/x?q#f") == ("https", "profiles.example", 443, "/v1/x")
    assert normalised("http://localhost:8000") == ("http", "localhost", 8000, "/")


def test_escapes_are_written_in_capitals() -> None:
    """RFC 3986, section 6.2.2.1."""
    assert normalised("https://a.example/%7b%c3%A9") == ("https", "a.example", 443, "/%7B%C3%A9")


schemes = st.sampled_from(["http", "https"])
hosts = st.sampled_from(["a.example", "b.example", "localhost", "127.0.0.1", "[::1]", "xn--nxasmq6b.example"])
ports = st.none() | st.integers(1, 65_535)
SAFE = string.ascii_letters + string.digits + "-._~"
segments = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=6).filter(
    lambda each: each not in (".", "..")
)
paths = st.lists(segments, max_size=4)


def written(scheme: str, host: str, port: int | None, path: list[str]) -> str:
    return f"{scheme}://{host}" + (f":{port}" if port else "") + "".join("/" + quote(each, safe="") for each in path)


@st.composite
def rewritings(draw: st.DrawFn, url: str) -> str:
    """The same address, written another way."""
    scheme, _, rest = url.partition("://")
    host, slash, path = rest.partition("/")
    if ":" not in host.rpartition("]")[2] and draw(st.booleans()):
        host += ":443" if scheme == "https" else ":80"
    if draw(st.booleans()):
        host = host.upper()
    characters = []
    for character in path.replace("%", "\0"):
        escaped = f"%{ord(character):02x}" if character in SAFE and draw(st.booleans()) else character
        characters.append(escaped)
    path = "".join(characters).replace("\0", "%")
    query = draw(st.sampled_from(["", "?", "?a=b", "#x", "?/#?"]))
    return draw(st.sampled_from([scheme, scheme.upper()])) + "://" + host + slash + path + query


@given(st.data(), schemes, hosts, ports, st.lists(st.text(SAFE, min_size=1, max_size=6), max_size=4))
def test_all_writings_of_an_address_are_equal(
    data: st.DataObject, scheme: str, host: str, port: int | None, path: list[str]
) -> None:
    assume(not {".", ".."} & set(path))
    url = written(scheme, host, port, path)
    assert normalised(data.draw(rewritings(url))) == normalised(url)


addresses = st.tuples(schemes, hosts, ports, paths)


def identity(address: tuple[str, str, int | None, list[str]]) -> tuple[str, str, int, str]:
    scheme, host, port, path = address
    return scheme, host, port or {"http": 80, "https": 443}[scheme], "/".join(path) if path else ""


@given(addresses, addresses)
def test_two_addresses_are_equal_only_when_they_are_one(
    one: tuple[str, str, int | None, list[str]], other: tuple[str, str, int | None, list[str]]
) -> None:
    """The segments are escaped as a whole, so that no slash in one looks like two."""
    same = (identity(one)[:3], one[3]) == (identity(other)[:3], other[3])
    assert (normalised(written(*one)) == normalised(written(*other))) is same


@given(addresses, st.integers(0, 20), st.characters(exclude_categories=["Cs"]))
def test_a_changed_path_is_another_address(
    address: tuple[str, str, int | None, list[str]], place: int, character: str
) -> None:
    url = written(*address)
    changed = [*address[3]] or ["x"]
    n = place % len(changed)
    changed[n] = changed[n] + character
    assume(changed[n] not in (".", ".."))
    assert normalised(written(*address[:3], changed)) != normalised(url)


@given(st.text(max_size=60) | st.text("htps:/?#[]@%.0aA1\\ \t\n:;é", max_size=40).map(lambda text: "https://" + text))
def test_any_text_is_an_address_or_none(text: str) -> None:
    found = normalised(text)
    assert found is None or (found[0] in ("http", "https") and found[1] and found[3].startswith("/"))


@given(addresses)
def test_normalising_again_changes_nothing(address: tuple[str, str, int | None, list[str]]) -> None:
    found = normalised(written(*address))
    assert found is not None
    scheme, host, port, path = found
    assert normalised(f"{scheme}://{f'[{host}]' if ':' in host else host}:{port}{path}") == found
