"""The settings of the account page: every mistake is told with its place, and no secret shows."""

from pathlib import Path
from typing import Any

import pytest

from profilegate.account_consistency import LARGEST_LOGO
from profilegate.account_settings import AccountSettings, BrandingSettings
from profilegate.configuration import load
from profilegate.consistency import checked
from profilegate.errors import InvalidConfiguration
from profilegate.settings import IssuerSettings, ServerSettings, Settings

ISSUER = IssuerSettings(issuer="https://id.example", audiences=("x",))
SECOND = IssuerSettings(issuer="https://id2.example", audiences=("x",), tenant="second")


def account(**changes: Any) -> AccountSettings:
    return AccountSettings(**{"client_id": "page", "session_secret": "s" * 32} | changes)


def branded(**changes: Any) -> AccountSettings:
    return account(branding=BrandingSettings(**changes))


def problems(account: AccountSettings | None, *issuers: IssuerSettings, **server: Any) -> list[str]:
    try:
        checked(Settings(issuers=issuers or (ISSUER,), account=account, server=ServerSettings(**server)))
    except InvalidConfiguration as error:
        return list(error.problems)
    return []


@pytest.fixture
def logo(tmp_path: Path) -> Path:
    path = tmp_path / "logo.svg"
    path.write_text("<svg/>")
    return path


@pytest.mark.parametrize(
    "good",
    [
        None,
        account(),
        account(client_secret="x", scopes=("openid",), session_hours=1),
        account(session_hours=720),
        account(issuer=ISSUER.issuer),
        branded(name="A", accent="#ABCdef"),
        branded(name="x" * 60),
    ],
)
def test_good_settings_have_no_problem(good: AccountSettings | None) -> None:
    assert problems(good) == []


@pytest.mark.parametrize(
    ("mistaken", "place"),
    [
        (account(client_id=""), "account.client_id"),
        (account(session_secret="s" * 31), "account.session_secret"),
        (account(session_secret=""), "account.session_secret"),
        (account(scopes=()), "account.scopes"),
        (account(scopes=("profile", "email")), "account.scopes"),
        (account(session_hours=0), "account.session_hours"),
        (account(session_hours=-1), "account.session_hours"),
        (account(session_hours=721), "account.session_hours"),
        (account(issuer="https://other.example"), "account.issuer"),
        (account(issuer="https://id.example/"), "account.issuer"),
        (branded(name=""), "account.branding.name"),
        (branded(name="x" * 61), "account.branding.name"),
        (branded(accent="red"), "account.branding.accent"),
        (branded(accent="#fff"), "account.branding.accent"),
        (branded(accent="#3056d3\n"), "account.branding.accent"),
        (branded(accent="#3056d3; } body { display: none"), "account.branding.accent"),
        (branded(logo="logo.gif"), "account.branding.logo"),
        (branded(logo="logo"), "account.branding.logo"),
        (branded(logo="nowhere.svg"), "account.branding.logo"),
    ],
)
def test_a_mistake_is_told_with_its_place(mistaken: AccountSettings, place: str) -> None:
    assert [each.partition(":")[0] for each in problems(mistaken)] == [place]


def test_all_mistakes_are_told_at_once() -> None:
    found = problems(account(client_id="", session_secret="", scopes=(), session_hours=0))
    assert len(found) == 4


def test_a_logo_is_a_file_that_is_small_enough(logo: Path) -> None:
    assert problems(branded(logo=str(logo))) == []
    logo.write_bytes(b"x" * LARGEST_LOGO)
    assert problems(branded(logo=str(logo))) == []
    logo.write_bytes(b"x" * (LARGEST_LOGO + 1))
    assert len(problems(branded(logo=str(logo)))) == 1


def test_a_folder_is_no_logo(tmp_path: Path) -> None:
    (tmp_path / "logo.png").mkdir()
    assert len(problems(branded(logo=str(tmp_path / "logo.png")))) == 1


def test_with_several_issuers_the_page_names_its_own() -> None:
    assert problems(account(), ISSUER, SECOND) == ["account.issuer: is needed, since there are several issuers"]
    assert problems(account(issuer=SECOND.issuer), ISSUER, SECOND) == []


def test_people_must_be_able_to_come_back_from_the_provider() -> None:
    assert [each.partition(":")[0] for each in problems(account(), host="0.0.0.0")] == ["server.public_url"]
    assert problems(account(), host="0.0.0.0", public_url="https://profiles.example/id") == []
    assert problems(None, host="0.0.0.0") == []


@pytest.mark.parametrize("settings", [account(client_secret="hush", session_secret="hush" * 8)])
def test_no_secret_is_in_what_the_settings_look_like(settings: AccountSettings) -> None:
    whole = Settings(issuers=(ISSUER,), account=settings)
    assert "hush" not in repr(settings) + str(settings) + repr(whole) + str(whole)


def test_no_secret_is_in_what_is_said_of_a_mistake() -> None:
    assert "hush" not in str(problems(account(client_id="", client_secret="hush", session_secret="hush")))


def test_the_section_is_read_from_a_file_and_secrets_from_where_they_are_kept(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("x" * 40 + "\n")
    file = tmp_path / "profilegate.toml"
    file.write_text(
        '[[issuers]]\nissuer = "https://id.example"\naudiences = ["x"]\n'
        '[account]\nclient_id = "page"\nclient_secret = { env = "PAGE_SECRET" }\nsession_secret = { file = "secret" }\n'
        '[account.branding]\nname = "Acme"\n'
    )
    found = checked(load(str(file), {"PAGE_SECRET": "from outside"})).account
    assert found is not None
    assert (found.client_secret, found.session_secret, found.branding.name) == ("from outside", "x" * 40, "Acme")


def test_what_is_no_key_of_the_section_is_told(tmp_path: Path) -> None:
    file = tmp_path / "profilegate.toml"
    file.write_text('[[issuers]]\nissuer = "https://id.example"\naudiences = ["x"]\n[account]\nclient = "page"\n')
    with pytest.raises(InvalidConfiguration) as caught:
        load(str(file), {})
    assert all(each.startswith("account") for each in caught.value.problems)
