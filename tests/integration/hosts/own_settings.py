"""What every host is told by its environment: the providers, its own URL, and where its files are."""

import os
import sys

import profilegate
from profilegate import IssuerSettings

print("profilegate comes from", profilegate.__file__, file=sys.stderr, flush=True)

URL = os.environ.get("HOST_URL", "http://127.0.0.1")
FOLDER = os.environ.get("HOST_FOLDER", ".")
SETTINGS = os.environ.get("HOST_SETTINGS", "profilegate.toml")
AUDIENCE = "https://profiles.example"


def issuers() -> list[IssuerSettings]:
    """The provider, and another one whose users are another tenant."""
    first, second = os.environ["HOST_ISSUERS"].split()
    audiences = (os.environ.get("HOST_AUDIENCE", AUDIENCE),)
    return [
        IssuerSettings(issuer=first, audiences=(AUDIENCE,), leeway=0),
        IssuerSettings(issuer=second, audiences=audiences, tenant="elsewhere"),
    ]
