"""What the page's handlers work with."""

from typing import Any

from litestar import Request
from msgspec import Struct

from profilegate.auth.relying_party import Attempt, RelyingParty
from profilegate.auth.sealed import Seal
from profilegate.faces.account.place import Place
from profilegate.faces.account.rendering import Renderer
from profilegate.faces.account.visitor import Visitors
from profilegate.faces.languages import Reader
from profilegate.faces.pace import Pace
from profilegate.profiles.app_service import AppService
from profilegate.profiles.history import HistoryStore
from profilegate.profiles.ports import ProfileStore
from profilegate.profiles.rights import Rights
from profilegate.profiles.service import ProfileService
from profilegate.sync.operations import Operations


class Desk(Struct, frozen=True, kw_only=True):
    """Everything of one page, wired once."""

    place: Place
    renderer: Renderer
    party: RelyingParty
    seal: Seal[Attempt]
    visitors: Visitors
    profiles: ProfileService
    apps: AppService
    history: HistoryStore
    rights: Rights
    records: ProfileStore
    operations: Operations
    pace: Pace

    def said(self, request: Request[Any, Any, Any], message: str) -> str:
        """A message in the reader's language."""
        return Reader(request).said(message) if message else ""
