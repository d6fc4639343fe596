"""An empty catalog of each kind."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from shared.catalog.open import open_catalog
from shared.catalog.sql import SqlCatalog
from tests.contract.catalogs import MODEL


@pytest.fixture(params=["sqlite", "mysql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of an empty catalog of each kind."""
    if request.param == "mysql":
        return request.getfixturevalue("mysql_database_url")
    return f"sqlite:///{tmp_path / 'a folder' / 'catalog.db'}"


@pytest.fixture
async def catalog(url: str) -> AsyncIterator[SqlCatalog]:
    opened = await open_catalog(url, MODEL)
    yield opened
    await opened.close()


@pytest.fixture
async def other(url: str, catalog: SqlCatalog) -> AsyncIterator[SqlCatalog]:
    """The same catalog as another process sees it."""
    opened = await open_catalog(url, catalog.model_id)
    yield opened
    await opened.close()
