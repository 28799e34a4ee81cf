"""A JavaScript Phoenix client against the served program, signed in at a real provider."""

import os
import subprocess
from uuid import uuid4

import httpx
from tests.e2e.provider import HERE, Provider, program
from tests.e2e.served import Served


def test_the_phoenix_client_finds_its_contract(served: Served, provider: Provider) -> None:
    run_client(served, provider)


def test_the_phoenix_client_works_after_the_provider_changed_its_key(served: Served, provider: Provider) -> None:
    read(served, "before", provider.sign_in("before"))
    provider.rotate()
    run_client(served, provider)


def test_a_token_of_a_dropped_key_is_served_from_memory_or_refused_cleanly(served: Served, provider: Provider) -> None:
    seen, unseen = provider.sign_in("seen"), provider.sign_in("unseen")
    assert read(served, "seen", seen).status_code == 200
    provider.rotate()
    assert read(served, "fresh", provider.sign_in("fresh")).status_code == 200
    for user_id, token in {"seen": seen, "unseen": unseen}.items():
        answer = read(served, user_id, token)
        assert answer.status_code in (200, 401), answer.text
        if answer.status_code == 401:
            assert answer.json()["code"] == "AUTH_001"


def read(served: Served, user_id: str, token: str) -> httpx.Response:
    address = f"{served.url}/v1/profiles/user/{user_id}"
    return httpx.get(address, headers={"Authorization": f"Bearer {token}"}, trust_env=False)


def run_client(served: Served, provider: Provider) -> None:
    """As a user nobody has seen before, so that the first read creates the profile."""
    user_id = f"reader-{uuid4().hex}"
    settings = {"PROFILE_API_URL": served.url, "PROFILE_USER_ID": user_id, "PROFILE_TOKEN": provider.sign_in(user_id)}
    command = [program("node"), "--test", "--test-reporter=spec", "profile_client.test.mjs"]
    done = subprocess.run(command, cwd=HERE, env=os.environ | settings, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
