"""Attacks by what a genuine token says: for whom it is, by whom, about whom."""

import unicodedata
from typing import Any

from tests.faces.running import OTHER_TENANT, TENANT, issuer
from tests.minting import AUDIENCE, ISSUER

from .case import attack, control, section
from .crafting import GONE, spelled, token
from .keys import ANOTHERS_EC, ANOTHERS_RSA, EC, STRANGER
from .world import EVIL, OTHER_ISSUER, World

AUDIENCES: dict[str, Any] = {
    "another service": "https://other.example",
    "the client": "spa",
    "the issuer": ISSUER,
    "null": None,
    "empty": "",
    "an empty list": [],
    "an empty object": {},
    "true": True,
    "a number": 1,
    "a list of others": ["https://other.example", "spa"],
    "a list in a list": [[AUDIENCE]],
    "an object with us as a name": {AUDIENCE: True},
    "an object in a list": [{"aud": AUDIENCE}],
    "a longer one": AUDIENCE + ".evil.example",
    "a longer path": AUDIENCE + "/api",
    "a shorter one": AUDIENCE[:-1],
    "the host alone": AUDIENCE.removeprefix("https://"),
    "within a longer one": f"https://evil.example/?{AUDIENCE}",
    "a trailing slash": AUDIENCE + "/",
    "capital letters": AUDIENCE.upper(),
    "a capital host": AUDIENCE.replace("profiles", "Profiles"),
    "another scheme": AUDIENCE.replace("https", "http"),
    "the port that goes without saying": AUDIENCE + ":443",
    "white space before": " " + AUDIENCE,
    "a line break behind": AUDIENCE + "\n",
    "NUL behind": AUDIENCE + "\0",
    "several in one text": f"{AUDIENCE} https://other.example",
    "several with commas": f"{AUDIENCE},https://other.example",
    "JSON in a text": f'["{AUDIENCE}"]',
    "a pattern": "*",
    "a pattern of hosts": "https://*.example",
    "a look-alike": AUDIENCE.replace("p", "р"),
    "percent-encoded": AUDIENCE.replace("p", "%70"),
    "bytes as numbers": list(AUDIENCE.encode()),
}

ISSUERS: dict[str, Any] = {
    "another": EVIL,
    "null": None,
    "empty": "",
    "a list": [ISSUER],
    "a list with another": [ISSUER, EVIL],
    "an object": {ISSUER: True},
    "a number": 1,
    "true": True,
    "a trailing slash": ISSUER + "/",
    "capital letters": ISSUER.upper(),
    "a capital host": ISSUER.replace("id", "ID"),
    "another scheme": ISSUER.replace("https", "http"),
    "no scheme": ISSUER.removeprefix("https:"),
    "user info": ISSUER.replace("https://", "https://user@"),
    "our host as user info": f"{ISSUER}@evil.example",
    "a path": ISSUER + "/realms/evil",
    "a dot path": ISSUER + "/.",
    "a query": ISSUER + "?x=1",
    "a fragment": ISSUER + "#evil",
    "the port that goes without saying": ISSUER + ":443",
    "a longer host": ISSUER + ".evil.example",
    "a trailing dot": ISSUER + ".",
    "white space behind": ISSUER + " ",
    "NUL behind": ISSUER + "\0",
    "a look-alike": ISSUER.replace("i", "і"),
    "full-width letters": ISSUER.replace("id", "ｉｄ"),
    "a compatible character": ISSUER.replace("id", "ⅰd"),
    "a zero-width character": ISSUER.replace("id", "i\u200bd"),
}

assert unicodedata.normalize("NFKC", "ｉｄ") == "id"

SUBJECTS: dict[str, Any] = {
    "null": None,
    "empty": "",
    "a number": 5,
    "true": True,
    "a list": ["alice"],
    "an object": {"sub": "alice"},
    "256 characters": "a" * 256,
    "5000 characters": "a" * 5000,
    "NUL": "ali\0ce",
    "NUL behind": "alice\0",
    "a line break": "alice\n",
    "a carriage return": "alice\r",
    "a tab": "ali\tce",
    "DEL": "alice\x7f",
    "a C1 control": "alice\x85",
    "an escape sequence": "\x1b[31malice",
    "an accent": "àlice",
    "a look-alike": "аlice",
    "full-width letters": "ａｌｉｃｅ",
    "a zero-width character": "ali\u200bce",
    "right-to-left": "\u202ealice",
    "a non-breaking space": "alice\u00a0",
    "an emoji": "alice😀",
}

TENANTS: dict[str, Any] = {
    "another one": "evil",
    "null": None,
    "empty": "",
    "a list": [TENANT],
    "an object": {TENANT: TENANT},
    "a number": 1,
    "true": True,
    "capital letters": TENANT.upper(),
    "white space": f" {TENANT}",
    "NUL": f"{TENANT}\0",
    "a list of two": [TENANT, OTHER_TENANT],
    "SQL": "' OR '1'='1",
    "5000 characters": "x" * 5000,
}

TWO = World(
    issuers=(
        issuer(tenants=(TENANT,)),
        issuer(issuer=OTHER_ISSUER, tenants=(OTHER_TENANT,), audiences=("https://other-api.example",)),
    )
)
OTHER: dict[str, Any] = {"iss": OTHER_ISSUER, "tenant": OTHER_TENANT, "aud": "https://other-api.example"}

CASES = [
    *section(
        "aud",
        control("us", token, aud=AUDIENCE),
        control("us in a list", token, aud=["https://other.example", AUDIENCE]),
        attack("missing", token, aud=GONE),
        attack("AUD in capitals instead", token, aud=GONE, AUD=AUDIENCE),
        attack("resource instead", token, aud=GONE, resource=AUDIENCE, azp=AUDIENCE),
        *(attack(name, token, aud=aud) for name, aud in AUDIENCES.items()),
    ),
    *section(
        "iss",
        control("the issuer", token, iss=ISSUER),
        control("the issuer, escaped", spelled, claims=lambda usual: usual.replace("//id", "\\/\\/\\u0069d")),
        attack("missing", token, iss=GONE),
        *(attack(name, token, iss=iss) for name, iss in ISSUERS.items()),
    ),
    *section(
        "sub",
        control("alice", token, sub="alice"),
        control("alice, escaped", spelled, claims=lambda usual: usual.replace('"alice"', '"\\u0061lice"')),
        attack("missing", token, sub=GONE),
        attack("username instead", token, sub=GONE, username="alice", preferred_username="alice", user_id="alice"),
        *(attack(name, token, sub=sub) for name, sub in SUBJECTS.items()),
    ),
    *section(
        "tenant",
        control("a tenant of the issuer", token, tenant=TENANT),
        attack("missing", token, tenant=GONE),
        *(attack(name, token, tenant=tenant) for name, tenant in TENANTS.items()),
    ),
    *section(
        "two issuers",
        control("the first", token),
        control("the second", token, None, ANOTHERS_EC, **OTHER),
        control("the second's RSA key", token, None, ANOTHERS_RSA, **OTHER),
        attack("the second's key for the first", token, None, ANOTHERS_EC),
        attack("the second's RSA key for the first", token, None, ANOTHERS_RSA),
        attack("the second's key for the first, without kid", token, {"kid": GONE}, ANOTHERS_EC),
        attack("the first's key for the second", token, None, EC, **OTHER),
        attack("a stranger's key for the second", token, None, STRANGER, **OTHER),
        attack("the second with the first's tenant", token, None, ANOTHERS_EC, **{**OTHER, "tenant": TENANT}),
        attack("the first with the second's tenant", token, tenant=OTHER_TENANT),
        attack("the second with the first's audience", token, None, ANOTHERS_EC, **{**OTHER, "aud": AUDIENCE}),
        attack("the first with the second's audience", token, aud=OTHER["aud"]),
        attack("both in one list", token, iss=[ISSUER, OTHER_ISSUER]),
        attack("the second in the header", token, {"iss": ISSUER}, ANOTHERS_EC, iss=GONE),
        world=TWO,
    ),
]
