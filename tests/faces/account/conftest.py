"""The service with its account page, and the browsers of its visitors."""

import pytest
from tests.faces.account.browsing import ACCOUNT, Browser, provided
from tests.faces.fixtures import Serve
from tests.faces.running import Service


@pytest.fixture
async def service(serve: Serve) -> Service:
    return provided(await serve(account=ACCOUNT))


@pytest.fixture
def browser(service: Service) -> Browser:
    """Of a stranger."""
    return Browser(service)


@pytest.fixture
async def alice(service: Service) -> Browser:
    """Signed in as alice of the usual tenant."""
    return await Browser(service).signed_in("alice")


@pytest.fixture
async def root(service: Service) -> Browser:
    """Signed in as an operator of the usual tenant."""
    return await Browser(service).signed_in("root", operator=True)
