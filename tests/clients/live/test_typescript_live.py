"""The TypeScript client in Node, against the served program, signed in at a real provider."""

from pathlib import Path

from tests.clients.typescript import run
from tests.e2e.provider import Provider
from tests.e2e.served import Served


def test_the_typescript_client_does_all_that_it_promises(
    served: Served, provider: Provider, operator: str, compiled: Path, user_id: str
) -> None:
    run(
        "live/live.test.mjs",
        compiled,
        PROFILE_API_URL=served.url,
        PROFILE_USER_ID=user_id,
        PROFILE_TOKEN=provider.sign_in(user_id),
        PROFILE_OPERATOR_TOKEN=operator,
        PROFILE_MACHINE_TOKEN=provider.machine_token(),
    )
