"""The settings of the providers' webhooks: every mistake is told with its place, and nothing has two truths."""

from typing import Any

import pytest
from msgspec import UNSET

from profilegate.consistency import checked
from profilegate.errors import InvalidConfiguration
from profilegate.profiles import claims
from profilegate.profiles.events import SUSPENSION
from profilegate.profiles.record import MEMBER, ProfileChange
from profilegate.settings import IssuerSettings, Settings
from profilegate.sync.providers import PROVIDERS
from profilegate.sync_consistency import CLAIMS, FIELDS, USUAL
from profilegate.sync_settings import (
    ManagementSettings,
    MappingSettings,
    OwnershipSettings,
    SyncSettings,
    WebhookSettings,
)

ISSUER = IssuerSettings(issuer="https://id.example", audiences=("x",))
SECOND = IssuerSettings(issuer="https://id2.example", audiences=("x",), tenant="second")
MAPPING = MappingSettings(subject="/id")
API = ManagementSettings(url="https://id.example/users/{id}", token="t")


def logto(**changes: Any) -> WebhookSettings:
    return WebhookSettings(**{"source": "logto", "kind": "logto", "secrets": ("s",)} | changes)


def generic(**changes: Any) -> WebhookSettings:
    usual = {"source": "any", "kind": "generic", "signature": "digest", "secrets": ("s",), "mapping": MAPPING}
    return WebhookSettings(**usual | changes)


def problems(*sources: WebhookSettings, issuers: tuple[IssuerSettings, ...] = (ISSUER,), **sync: Any) -> list[str]:
    try:
        checked(Settings(issuers=issuers, webhooks=sources, sync=SyncSettings(**sync)))
    except InvalidConfiguration as error:
        return list(error.problems)
    return []


@pytest.mark.parametrize("source", [logto(), generic(), logto(management=API, reconcile_hours=24)])
def test_a_good_source_has_no_problem(source: WebhookSettings) -> None:
    assert problems(source) == []


@pytest.mark.parametrize(
    ("source", "place"),
    [
        (logto(source="Logto"), "source"),
        (logto(source=""), "source"),
        (logto(source="a/b"), "source"),
        (logto(secrets=()), "secrets"),
        (logto(secrets=("",)), "secrets"),
        (logto(tenant=" \n"), "tenant"),
        (logto(header="a b"), "header"),
        (logto(algorithms=("none",)), "algorithms"),
        (logto(tolerance=0), "tolerance"),
        (logto(max_body=10), "max_body"),
        (logto(reconcile_hours=1), "reconcile_hours"),
        (logto(reconcile_hours=-1, management=API), "reconcile_hours"),
        (logto(mapping=MAPPING), "mapping"),
        (generic(mapping=None), "mapping"),
        (generic(signature=None), "signature"),
        (WebhookSettings(source="a", kind="clerk", secrets=("whsec_not base64",)), "secrets"),
        (WebhookSettings(source="a", kind="supabase", secrets=("v1,whsec_AAECAwQFBgc=|no!",)), "secrets"),
        (WebhookSettings(source="a", kind="security_events"), "audiences"),
        (WebhookSettings(source="a", kind="logout"), "audiences"),
        (generic(mapping=MappingSettings(subject="id")), "mapping.subject"),
        (generic(mapping=MappingSettings(subject="/id", occurred_at="/~2")), "mapping.occurred_at"),
        (generic(mapping=MappingSettings(subject="/id", fields={"nmae": "/n"})), "mapping.fields.nmae"),
        (generic(mapping=MappingSettings(subject="/id", fields={"name": "n"})), "mapping.fields.name"),
        (generic(mapping=MappingSettings(subject="/id", delete=("gone",))), "mapping.event"),
        (logto(management=ManagementSettings(url="https://id.example/users", token="t")), "management.url"),
        (logto(management=ManagementSettings(url="http://id.example/{id}", token="t")), "management.url"),
        (logto(management=ManagementSettings(url=API.url)), "management.token"),
        (logto(management=ManagementSettings(url=API.url, token="t", header="")), "management.header"),
        (logto(management=ManagementSettings(url=API.url, token="t", timeout=0)), "management.timeout"),
    ],
)
def test_a_mistake_is_told_with_its_place(source: WebhookSettings, place: str) -> None:
    assert [each for each in problems(source) if each.startswith(f"webhooks[0].{place}:")]


@pytest.mark.parametrize(("name", "value"), [("max_attempts", 0), ("retention_days", 0), ("silence_factor", 1)])
def test_numbers_of_the_section_have_bounds(name: str, value: int) -> None:
    assert [each.split(":")[0] for each in problems(**{name: value})] == [f"sync.{name}"]


def test_two_sources_of_one_name_are_refused() -> None:
    assert problems(logto(), logto()) == ["webhooks[1].source: logto is listed twice"]


def test_with_several_issuers_a_source_names_its_own() -> None:
    assert problems(logto(), issuers=(ISSUER, SECOND)) == [
        "webhooks[0].issuer: is needed, since there are several issuers"
    ]
    assert problems(logto(issuer=SECOND.issuer), issuers=(ISSUER, SECOND)) == []


def test_an_issuer_that_is_not_configured_is_refused() -> None:
    assert problems(logto(issuer="https://other.example")) == [
        "webhooks[0].issuer: https://other.example is not one of the issuers"
    ]


def test_a_claim_that_is_none_cannot_be_owned() -> None:
    assert problems(ownership=OwnershipSettings(claims={"shoeSize": "idp"}))[0].startswith("sync.ownership.claims")


@pytest.mark.parametrize("settings", [logto(secrets=("hush",)), ManagementSettings(url="https://x/{id}", token="hush")])
def test_no_secret_is_in_what_the_settings_look_like(settings: Any) -> None:
    assert "hush" not in repr(settings)


def test_the_claims_and_fields_are_those_of_the_record() -> None:
    assert set(claims.MEMBERS) == CLAIMS
    plain = set(ProfileChange.__struct_fields__) - {"oidc_profile"} | {SUSPENSION}
    assert plain | {f"{MEMBER}{each}" for each in claims.MEMBERS} == FIELDS
    assert ProfileChange().oidc_profile is UNSET


def test_the_usual_signatures_are_those_of_the_providers() -> None:
    assert {name: provider.signature for name, provider in PROVIDERS.items()} == USUAL
