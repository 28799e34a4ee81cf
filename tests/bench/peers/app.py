"""The endpoints."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import FastAPI, Header, HTTPException, Response
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from tests.bench.peers.security import Caller
from tests.bench.peers.tables import Profile, Reading, Writing, engine

TENANT = "default"
AVATAR = "https://api.dicebear.com/9.x/adventurer/svg?seed="
PATH = "/v1/profiles/user/{user_id}"

Precondition = Annotated[str | None, Header()]


class Shown(BaseModel):
    """A profile on the wire."""

    model_config = ConfigDict(from_attributes=True)

    tenant_id: str
    user_id: str
    name: str
    avatar_url: str
    created_at: datetime
    updated_at: datetime


class Update(BaseModel):
    """What to change."""

    name: Annotated[str, Field(min_length=1, max_length=128)] | None = None
    regenerate_avatar: bool = False


@asynccontextmanager
async def lifespan(_: FastAPI) -> AsyncIterator[None]:
    yield
    await engine.dispose()


app = FastAPI(lifespan=lifespan)


@app.get(PATH, response_model=Shown)
async def get_profile(
    user_id: str, caller: Caller, session: Reading, response: Response, if_none_match: Precondition = None
) -> Any:
    """Anybody's profile, made on first access."""
    profile = await session.get(Profile, (TENANT, user_id)) or await created(session, user_id)
    if if_none_match == etag(profile):
        return Response(status_code=304, headers={"ETag": etag(profile)})
    response.headers["ETag"] = etag(profile)
    return profile


@app.put(PATH, response_model=Shown)
async def put_profile(
    user_id: str, change: Update, caller: Caller, session: Writing, response: Response, if_match: Precondition = None
) -> Any:
    """Change the caller's own profile, or make it so."""
    if user_id != caller:
        raise HTTPException(403, "somebody else's")
    profile = await changed(session, user_id, change, if_match)
    if profile is None and if_match is None:
        await created(session, user_id)
        profile = await changed(session, user_id, change, if_match)
    if profile is None:
        raise HTTPException(412, "another version")
    await session.commit()
    response.headers["ETag"] = etag(profile)
    return profile


async def changed(session: AsyncSession, user_id: str, change: Update, if_match: str | None) -> Profile | None:
    """The profile after the change, in one statement; None where there is none, or another version."""
    values: dict[str, Any] = {"updated_at": datetime.now(UTC), "version": Profile.version + 1}
    if change.name is not None:
        values["name"] = change.name
    if change.regenerate_avatar:
        values["avatar_url"] = f"{AVATAR}{datetime.now(UTC).timestamp()}"
    place = [Profile.tenant_id == TENANT, Profile.user_id == user_id]
    if if_match is not None:
        place.append(Profile.version == int(if_match.strip('"')))
    statement = update(Profile).where(*place).values(values).returning(Profile)
    return (await session.scalars(statement)).one_or_none()


async def created(session: AsyncSession, user_id: str) -> Profile:
    """A new profile, or what somebody else has made meanwhile."""
    now = datetime.now(UTC)
    values = {"tenant_id": TENANT, "user_id": user_id, "name": "Quiet Otter", "avatar_url": f"{AVATAR}{user_id}"}
    statement = insert(Profile).values(**values, created_at=now, updated_at=now, version=1).on_conflict_do_nothing()
    await session.execute(statement)
    await session.commit()
    return await session.get_one(Profile, (TENANT, user_id))


def etag(profile: Profile) -> str:
    return f'"{profile.version}"'
