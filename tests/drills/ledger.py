"""What clients were told of their changes, and what the database says of them afterwards."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

import asyncpg
from msgspec import Struct

ROWS = """
SELECT record.user_id, record.name, record.version, count(audit.id) FROM profilegate_profile AS record
LEFT JOIN profilegate_audit AS audit ON audit.user_id = record.user_id AND audit.tenant_id = record.tenant_id
WHERE record.user_id = ANY($1::text[]) GROUP BY record.user_id, record.name, record.version
"""


class Balance(Struct, frozen=True):
    """`lost` tells each contradiction in words. `overtaken` are records with a change that was never acknowledged and
    came later than one that was: it had been on its way when its caller was told 503.
    """

    acknowledged: int
    lost: tuple[str, ...]
    overtaken: int


class Ledger:
    """All names that were ever asked for, each of them once, in the order of each user."""

    def __init__(self) -> None:
        self._asked: defaultdict[str, list[str]] = defaultdict(list)
        self._acknowledged: defaultdict[str, list[str]] = defaultdict(list)

    def asks(self, user_id: str, name: str) -> None:
        self._asked[user_id].append(name)

    def is_told(self, user_id: str, name: str) -> None:
        """The change was acknowledged."""
        self._acknowledged[user_id].append(name)

    async def balance(self, dsn: str) -> Balance:
        """Compare with the rows and the audit rows."""
        connection = await asyncpg.connect(dsn)
        try:
            rows = {row[0]: row for row in await connection.fetch(ROWS, list(self._asked))}
        finally:
            await connection.close()
        return self.compared(rows)

    def compared(self, rows: Mapping[str, Any]) -> Balance:
        """With rows of user id, name, version and number of audit rows."""
        lost = [said for each in self._asked for said in self._contradictions(each, rows.get(each))]
        late = sum(self._is_overtaken(each, row[1]) for each, row in rows.items() if self._acknowledged[each])
        return Balance(sum(map(len, self._acknowledged.values())), tuple(lost), late)

    def _contradictions(self, user_id: str, row: Any) -> Iterable[str]:
        if row is None:
            yield f"{user_id}: no row"
            return
        _, name, version, audits = row
        asked, told = self._asked[user_id], self._acknowledged[user_id]
        if told and name != told[-1] and name not in self._unknown(user_id):
            yield f"{user_id}: {told[-1]!r} was acknowledged, the row has {name!r}"
        if not len(told) <= audits <= len(asked):
            yield f"{user_id}: {len(told)} changes acknowledged, {len(asked)} asked for, {audits} audit rows"
        if audits != version - 1:
            yield f"{user_id}: version {version} with {audits} audit rows"

    def _unknown(self, user_id: str) -> set[str]:
        """What may have been done or not."""
        return {*self._asked[user_id]} - {*self._acknowledged[user_id]}

    def _is_overtaken(self, user_id: str, name: str) -> bool:
        asked, told = self._asked[user_id], self._acknowledged[user_id]
        return name in self._unknown(user_id) and asked.index(name) < asked.index(told[-1])
