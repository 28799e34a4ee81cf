"""A client of the service for other programs: typed, patient, and careful with tokens. Loads no web framework.

    async with ProfileClient("https://profiles.example", token) as client:
        await client.me.change(lambda user: ProfilePatch(name=(user.name or "Ann") + "!"))

client (what a program holds) -> me, profiles, apps, operators (a face each) -> changing (read, decide, write)
                              -> sending (tokens, proofs, retries) -> waiting (how long), answers, errors
"""

from profilegate.client.answers import Versioned
from profilegate.client.client import ProfileClient
from profilegate.client.errors import ClientError
from profilegate.client.sending import Timeouts
from profilegate.client.waiting import Retries
from profilegate.faces.apps.wire import (
    App,
    AppError,
    AppProfile,
    AppRegistration,
    BulkCreated,
    BulkItem,
    BulkStatus,
    RegisteredApp,
)
from profilegate.faces.logto.bodies import AddressPatch, ClaimsPatch, ProfilePatch
from profilegate.faces.logto.capabilities import Capabilities, Capability
from profilegate.faces.logto.wire import Address, Availability, LogtoError, LogtoUser, OIDCProfile
from profilegate.faces.phoenix.wire import PhoenixError, PhoenixProfile, PhoenixUpdate

__all__ = [
    "Address",
    "AddressPatch",
    "App",
    "AppError",
    "AppProfile",
    "AppRegistration",
    "Availability",
    "BulkCreated",
    "BulkItem",
    "BulkStatus",
    "Capabilities",
    "Capability",
    "ClaimsPatch",
    "ClientError",
    "LogtoError",
    "LogtoUser",
    "OIDCProfile",
    "PhoenixError",
    "PhoenixProfile",
    "PhoenixUpdate",
    "ProfileClient",
    "ProfilePatch",
    "RegisteredApp",
    "Retries",
    "Timeouts",
    "Versioned",
]
