"""The one table, its engine and its session."""

import os
from collections.abc import AsyncIterator
from datetime import datetime
from typing import Annotated

from fastapi import Depends
from sqlalchemy import DateTime, Text
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

POOL = 20
"""Connections, all of them kept."""

engine = create_async_engine(os.environ["PEER_DATABASE"], pool_size=POOL, max_overflow=0)
writing = async_sessionmaker(engine, expire_on_commit=False)
reading = writing
if os.environ["PEER_AUTOCOMMIT"] == "True":
    reading = async_sessionmaker(engine.execution_options(isolation_level="AUTOCOMMIT"), expire_on_commit=False)


class Base(DeclarativeBase):
    """Of all tables."""


class Profile(Base):
    """A profile; one per tenant and user."""

    __tablename__ = "profile"

    tenant_id: Mapped[str] = mapped_column(Text, primary_key=True)
    user_id: Mapped[str] = mapped_column(Text, primary_key=True)
    name: Mapped[str] = mapped_column(Text)
    avatar_url: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    updated_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    version: Mapped[int]


async def to_read() -> AsyncIterator[AsyncSession]:
    """The session of a request that reads."""
    async with reading() as session:
        yield session


async def to_write() -> AsyncIterator[AsyncSession]:
    """The session of a request that changes something."""
    async with writing() as session:
        yield session


Reading = Annotated[AsyncSession, Depends(to_read)]
Writing = Annotated[AsyncSession, Depends(to_write)]
