"""Changes that find nothing left to change, where commits wait for standbys.

A commit whose wait was given up is there for everybody to see, and lost with the primary. Whoever asks for it again
would be told that all is as they want it.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from profilegate.store.engine import Engine, Row, Session
from profilegate.store.statements import Statement

REPLICATED = Statement("SELECT pg_logical_emit_message(true, 'profilegate', '')", ())
"""Gives a transaction something that the standbys must have before it is committed, and all before it with that."""


async def written(engine: Engine, change: Sequence[Statement], values: Mapping[str, Any]) -> Sequence[Row]:
    """`engine.write` of a change that returns what it changed: nothing only where all is as wanted on the standbys too.

    It looks again in the transaction that waits for them, since the two might be at different servers.
    """
    rows = await engine.write(change, values)
    if rows or engine.engine_type != "postgres":
        return rows
    (statement,) = change
    async with engine.session() as session:
        rows = await session.run(statement, values)
        await replicated(session, engine.engine_type)
        return rows


async def replicated(session: Session, dialect: str) -> None:
    """Have the transaction's commit wait until the standbys have whatever was committed before it."""
    if dialect == "postgres":
        await session.run(REPLICATED, {})
