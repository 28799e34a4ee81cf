"""A served profilegate with an application, and who may call it."""

from pathlib import Path
from uuid import uuid4

import pytest
from tests.clients.typescript import transpiled
from tests.e2e.conftest import Serve, database_server, provider, serve
from tests.e2e.provider import OPERATOR_SCOPE, Provider
from tests.e2e.served import Served

__all__ = ["database_server", "provider", "serve"]

OPERATED = f'operator = {{scope = "{OPERATOR_SCOPE}"}}\n'


@pytest.fixture(scope="module")
def served(provider: Provider, serve: Serve) -> Served:
    return serve(provider, extra=OPERATED)


@pytest.fixture(scope="module")
def operator(provider: Provider) -> str:
    """An operator's token."""
    return provider.machine_token(OPERATOR_SCOPE)


@pytest.fixture
def user_id() -> str:
    """Somebody whom nobody has seen before."""
    return f"user-{uuid4().hex}"


@pytest.fixture(scope="module")
def compiled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return transpiled(tmp_path_factory.mktemp("typescript"))
