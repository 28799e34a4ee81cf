"""What the tests of the app-profiles face have in common: its addresses, its callers and its bodies."""

from collections.abc import Iterable
from typing import Any

import httpx
from tests.faces.running import Service
from tests.store.databases import everything, rows

from profilegate.store.tables import DocumentRow

ALL = "/app/all"
REGISTER = "/operator/app/register"
BULK = "/operator/profile/create-bulk"
CREATE = "/user/profiles/create"
OWN = "/user/profiles/{}"
OTHERS = "/operator/users/profile/{}/{}"

HERE = OWN.format(0)
JSON = {"content-type": "application/json"}


def operator(service: Service, user_id: str = "root", **claims: Any) -> httpx.AsyncClient:
    return service.client(user_id, operator=True, **claims)


def machine(service: Service, **claims: Any) -> httpx.AsyncClient:
    return service.client("batch-job", client_id="batch-job", **claims)


async def register(service: Service, *app_ids: int, **members: Any) -> None:
    """The applications with these ids, in the tenant of the usual callers."""
    tenant = members.pop("tenant", None)
    caller = operator(service, **({"tenant": tenant} if tenant else {}))
    for app_id in app_ids or (0,):
        answer = await caller.post(REGISTER, json={"app_id": app_id, "app": f"App {app_id}", **members})
        assert answer.status_code == 201, answer.text


async def put(client: httpx.AsyncClient, text: str | bytes, app_id: int = 0, **headers: str) -> httpx.Response:
    """The text as the caller's document."""
    sent = JSON | {name.replace("_", "-"): value for name, value in headers.items()}
    return await client.put(OWN.format(app_id), content=text, headers=sent)


async def patch(client: httpx.AsyncClient, text: str | bytes, app_id: int = 0, **headers: str) -> httpx.Response:
    sent = {"content-type": "application/merge-patch+json"}
    sent |= {name.replace("_", "-"): value for name, value in headers.items()}
    return await client.patch(OWN.format(app_id), content=text, headers=sent)


def data_of(answer: httpx.Response) -> str:
    """The document's own text within an answer that shows one document."""
    _, _, rest = answer.text.partition('"profile_data":')
    return rest.rpartition(',"created_at":')[0]


def refusal(answer: httpx.Response) -> tuple[int, str, str | None]:
    """Status, code and field; the shape of errors is checked on the way."""
    told = answer.json()
    assert set(told) <= {"error", "code", "details"}, told
    assert isinstance(told["error"], str)
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["cache-control"] == "no-store"
    return answer.status_code, told["code"], told.get("details", {}).get("field")


def item(user_id: object, data: object = None, app_id: object = 0) -> dict[str, object]:
    return {"app_id": app_id, "profile_data": {} if data is None else data, "user_id": user_id}


def body(items: Iterable[object]) -> dict[str, object]:
    return {"profiles": [*items]}


async def stored(service: Service) -> tuple[Any, ...]:
    """All that a refused request must leave as it was."""
    return await rows(service.gate.engine, DocumentRow), *await everything(service.gate.engine)
