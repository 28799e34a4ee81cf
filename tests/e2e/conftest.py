"""What the end-to-end tests run against: a real OpenID provider and a served profilegate."""

from collections.abc import Iterator

import pytest
from tests.e2e.provider import Provider


@pytest.fixture(scope="module")
def provider() -> Iterator[Provider]:
    with Provider() as running:
        yield running
