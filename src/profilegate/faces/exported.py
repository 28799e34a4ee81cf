"""Everything that is kept about one user, and what is left after an erasure, as both faces write it."""

import msgspec
from msgspec.structs import replace

from profilegate.auth.principal import Principal
from profilegate.faces.conditional import SHOWN
from profilegate.faces.logto.wire import SHAPING, Erased, ExportedDocument, ExportedEntry, ExportedUser, to_wire
from profilegate.profiles.applications import AppDocument, Application
from profilegate.profiles.history import Entry
from profilegate.profiles.record import Tombstone
from profilegate.profiles.rights import Export, receipt
from profilegate.profiles.rules import ProfileRules

# Nobody's browser keeps either of them.
KEPT_NOWHERE = {**SHOWN, "cache-control": "no-store"}
AS_A_FILE = {**KEPT_NOWHERE, "content-disposition": 'attachment; filename="profile.json"'}


def to_export(export: Export, caller: Principal, rules: ProfileRules) -> ExportedUser:
    """As far as this caller may see it, whatever the settings show elsewhere."""
    all_shown = replace(rules, editing={})
    return ExportedUser(
        exportedAt=export.exported_at,
        tenantId=export.profile.tenant_id,
        profile=to_wire(export.profile, caller, all_shown),
        sources=dict(export.profile.sources),
        applications=[_document(*each) for each in export.documents],
        history=[_entry(each) for each in export.history],
        withheld=[each for each in SHAPING if each not in caller.permissions],
        complete=export.is_complete,
    )


def to_erased(left: Tombstone) -> Erased:
    return Erased(receipt(left), left.tenant_id, left.user_id, left.version, left.deleted_at, left.deleted_by)


def _document(application: Application, document: AppDocument) -> ExportedDocument:
    data = msgspec.Raw(document.data.encode())
    return ExportedDocument(application.app_id, application.name, data, document.created_at, document.updated_at)


def _entry(entry: Entry) -> ExportedEntry:
    return ExportedEntry(entry.at, entry.actor_kind, entry.face, entry.action, list(entry.fields))
