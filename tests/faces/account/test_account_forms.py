"""Whatever is typed or sent: saved as the domain normalises it, or refused with everything still in the page."""

import unicodedata
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as patience
from hypothesis import strategies as st
from tests.faces.account.browsing import FORM, OURS, Browser, Page, record

from profilegate.faces.account.fields import FIELDS, PROBLEMS, problems_of, typed_in, value_of, wanted_of
from profilegate.faces.account.router import MAX_FORM
from profilegate.profiles.record import Profile, ProfileChange
from profilegate.profiles.rules import ProfileRules
from profilegate.profiles.usernames import UsernameRule

RULES = ProfileRules(UsernameRule(), avatar_base="https://avatars.test/svg")
NAMES = [field.name for field in FIELDS]
SAVE = "/account/profile"

typed = st.one_of(
    st.text(max_size=40),
    st.text(st.sampled_from("<>\"'&\0\r\n \t\u202e\u200b%+=;é\u0301{}"), max_size=20),
    st.sampled_from(
        ["null", "true", "[]", "{}", "0", "https://a.example/x", "javascript:alert(1)", "a" * 129, "a" * 2049]
    ),
)
forms = st.dictionaries(st.sampled_from(NAMES), typed, max_size=4)


@given(forms)
def test_what_is_wanted_is_what_was_typed_otherwise_than_it_was(form: dict[str, str]) -> None:
    sent = form | {f"was.{name}": "before" for name in form}
    wanted = wanted_of(sent)
    assert wanted == {name: text.strip() or None for name, text in form.items() if text.strip() != "before"}


@given(forms)
def test_a_field_that_the_page_did_not_have_is_not_wanted(form: dict[str, str]) -> None:
    assert wanted_of(form) == {}


@given(st.dictionaries(st.text(max_size=20), st.one_of(st.text(), st.integers(), st.none(), st.lists(st.text()))))
def test_whatever_else_is_sent_is_not_looked_at(form: dict[str, Any]) -> None:
    assert set(typed_in(form)) <= set(NAMES)
    assert set(wanted_of(form)) <= set(NAMES)


@given(forms)
def test_there_is_a_problem_exactly_where_the_domain_refuses(form: dict[str, str]) -> None:
    wanted = wanted_of(form | {f"was.{name}": "before" for name in form})
    refused = {name for name, value in wanted.items() if RULES.problem(name, value)}
    assert set(problems_of(wanted, RULES)) == refused


@dataclass
class Typist:
    """Somebody who types one form after the other into the same page."""

    browser: Browser

    async def types(self, form: dict[str, str]) -> None:
        before = await record(self.browser.service)
        page = Page(await self.browser.get())
        sent = page.form(SAVE) | form
        wanted = wanted_of(sent)
        answer = await self.browser.post(SAVE, sent)
        if problems_of(wanted, RULES):
            assert answer.status_code == 422
            shown = Page(answer).inputs
            assert {name: shown[name]["value"] for name in form} == {n: text.strip() for n, text in form.items()}
            assert await record(self.browser.service) == before
        else:
            assert answer.status_code == 303
            await self.finds(wanted)

    async def finds(self, wanted: dict[str, str | None]) -> None:
        expected = RULES.checked(ProfileChange.of(wanted)).given()
        found = await record(self.browser.service)
        assert {name: value_of(found, name) or None for name in wanted} == expected
        page = Page(await self.browser.get())
        assert {name: page.inputs[name]["value"] or None for name in wanted} == expected


@pytest.fixture
def typist(alice: Browser) -> Typist:
    return Typist(alice)


def examples(count: int) -> list[dict[str, str]]:
    """Forms, always the same ones, since the page is asked in the loop that serves it."""
    found: list[dict[str, str]] = []

    @patience(max_examples=count, derandomize=True, database=None, deadline=None)
    @given(forms)
    def collect(form: dict[str, str]) -> None:
        found.append(form)

    collect()
    return found


async def test_whatever_is_typed_is_saved_as_it_is_or_refused_with_all_of_it_in_the_page(typist: Typist) -> None:
    for form in examples(120):
        await typist.types(form)


@pytest.mark.parametrize("name", NAMES)
async def test_markup_is_text_wherever_it_is_typed(alice: Browser, name: str) -> None:
    evil = "\"><script>alert(1)</script><img src=x onerror='alert(1)'>{{ 7*7 }}"
    answer = await alice.saved(**{name.replace(".", "__"): evil, "oidc_profile__zoneinfo": "bad\0"})
    assert answer.status_code == 422
    page = Page(answer)
    assert page.inputs[name]["value"] == (evil if name != "oidc_profile.zoneinfo" else "bad\0")
    assert page.tags.count("script") == 1
    assert "<script>alert" not in answer.text


async def test_markup_in_a_name_stays_text_on_every_page(alice: Browser, root: Browser) -> None:
    await alice.saved(name="<b>Alice</b> {{ 7*7 }}")
    for answer in (
        await alice.get(),
        await root.get("/account/operator", params={"q": "<b>"}),
        await root.get("/account/operator/user", params={"user_id": "alice"}),
    ):
        assert "<b>Alice</b> {{ 7*7 }}" in Page(answer).text
        assert "b" not in Page(answer).tags


async def test_an_emptied_claim_is_removed_and_an_emptied_username_refused(alice: Browser) -> None:
    await alice.saved(username="alice_1", oidc_profile__nickname="Al")
    assert (await alice.saved(oidc_profile__nickname="  ")).status_code == 303
    assert (await record(alice.service)).oidc_profile == {}
    answer = await alice.saved(username="")
    assert (answer.status_code, (await record(alice.service)).username) == (422, "alice_1")
    assert PROBLEMS["removed"] in Page(answer).text


async def test_a_name_is_saved_in_its_normal_form(alice: Browser) -> None:
    await alice.saved(name="  E\u0301cole  ")
    assert (await record(alice.service)).name == unicodedata.normalize("NFC", "École")


async def test_all_problems_are_told_at_once(alice: Browser) -> None:
    page = Page(await alice.saved(username="1", avatar="javascript:alert(1)", oidc_profile__locale="x\0"))
    assert [name for name, given in page.inputs.items() if given.get("aria-invalid")] == [
        "username",
        "avatar",
        "oidc_profile.locale",
    ]


async def test_a_username_of_somebody_else_is_refused_with_what_was_typed(alice: Browser) -> None:
    await (await Browser(alice.service).signed_in("bob")).saved(username="taken_1")
    answer = await alice.saved(username="TAKEN_1", name="Alice Two")
    page = Page(answer)
    assert (answer.status_code, page.inputs["username"]["value"]) == (422, "TAKEN_1")
    assert page.inputs["name"]["value"] == "Alice Two"
    assert PROBLEMS["taken"] in page.text


# What no browser sends

PART = b'--x\r\nContent-Disposition: form-data; name="%s"\r\n\r\n%s\r\n'
MULTI = "multipart/form-data; boundary=x"
JUNK = [
    (b"", FORM),
    (b"\0\xff&=&%zz=%&&", FORM),
    (b"user=alice&name=%00&was.name=x", FORM),
    (b"user=alice&name=%ED%A0%80&was.name=x", FORM),
    (b"user=alice&name=%FF&was.name=%FE", FORM),
    (b"user=alice&user=bob&name=a&name=b&was.name=c&was.name=d", FORM),
    (b"a&" * 20_000, FORM),
    (b"user=alice&name=x&was.name=y", f"{FORM}; charset=utf-16"),
    (b"user=alice&name=x&was.name=y", "text/plain"),
    (b'{"user": "alice"}', "application/json"),
    (b"{", "application/json"),
    (b"junk", "multipart/form-data"),
    (b"--x\r\n", MULTI),
    (PART % (b"user", b"\xff") + b"--x--\r\n", MULTI),
    (b"--x\r\nContent-Disposition: form-data; nam\r\n\r\n\xff\r\n--x--\r\n", MULTI),
    (PART.replace(b"\r\n\r\n", b"\r\nContent-Type: text/plain; charset=nope\r\n\r\n", 1) % (b"user", b"a"), MULTI),
    (PART % (b"user", b"alice") + PART % (b"name", b"a") + PART % (b"was.name", b"b") + b"--x--\r\n", MULTI),
    (b'--x\r\nContent-Disposition: form-data; name="user"; filename="f"\r\n\r\na\r\n--x--\r\n', MULTI),
    (b"--x\r\n" * 5_000, MULTI),
    (b"x", "nonsense"),
    (b"x", ";;;"),
]
FORMS = [
    "/account/profile",
    "/account/operator/act",
    "/account/operator/replay",
    "/account/avatar",
    "/account/sign-out",  # the last: whoever is signed out is a stranger to the others
]


@pytest.mark.parametrize(("body", "kind"), JUNK, ids=range(len(JUNK)))
async def test_a_form_that_is_none_is_no_fault_of_ours(root: Browser, body: bytes, kind: str) -> None:
    content, headers = body.replace(b"alice", b"root"), OURS | {"content-type": kind}
    answers = {path: await root.post(path, None, content=content, headers=headers) for path in FORMS}
    assert {path: each.status_code for path, each in answers.items() if each.status_code >= 500} == {}


@pytest.mark.parametrize(("body", "kind"), JUNK, ids=range(len(JUNK)))
async def test_a_strangers_junk_is_no_fault_of_ours(browser: Browser, body: bytes, kind: str) -> None:
    answer = await browser.post(SAVE, None, content=body, headers=OURS | {"content-type": kind})
    assert answer.status_code < 500


@pytest.mark.parametrize("path", FORMS[:3])
async def test_a_form_over_the_limit_is_refused(root: Browser, path: str) -> None:
    headers = OURS | {"content-type": FORM}
    assert (await root.post(path, None, content=b"a" * (MAX_FORM + 1), headers=headers)).status_code == 413


async def test_a_form_over_the_limit_is_refused_while_it_comes(root: Browser) -> None:
    async def pieces() -> AsyncIterator[bytes]:
        for _ in range(MAX_FORM // 1024 + 2):
            yield b"a" * 1024

    answer = await root.post(SAVE, None, content=pieces(), headers=OURS | {"content-type": FORM})
    assert answer.status_code == 413


async def test_a_longest_name_fits(alice: Browser) -> None:
    assert (await alice.saved(name="日" * 128, oidc_profile__givenName="é" * 2048)).status_code == 303


def test_a_record_without_values_is_an_empty_form() -> None:
    bare = Profile(tenant_id="t", user_id="u", created_at=0, updated_at=0)
    assert {value_of(bare, name) for name in NAMES} == {""}
