"""`seenit evaluate`: what it prints, refuses and saves."""

import asyncio
import json
from pathlib import Path

import pytest
from PIL import Image
from skimage import data
from typer.testing import CliRunner

from seenit.cli import app
from shared.catalog.open import open_catalog, open_reader
from shared.settings import Settings
from tests.system.running import log_as_it_was

SIDE = 96
ACROSS, DOWN = 5, 4


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """Forty small pictures: parts of two photographs."""
    folder = tmp_path_factory.mktemp("pictures")
    for name in ("astronaut", "coffee"):
        photo = Image.fromarray(getattr(data, name)()).resize((ACROSS * SIDE, DOWN * SIDE))
        for n in range(ACROSS * DOWN):
            left, top = n % ACROSS * SIDE, n // ACROSS * SIDE
            photo.crop((left, top, left + SIDE, top + SIDE)).save(folder / f"{name}{n}.png")
    return folder


@pytest.fixture
def library(tmp_path, embedder) -> Path:
    """Another folder, with a catalog of the default model."""
    settings = Settings(_env_file=None, storage_url=f"file://{tmp_path}")

    async def make() -> None:
        catalog = await open_catalog(settings.resolved_catalog_url, embedder.model_id)
        await catalog.close()

    asyncio.run(make())
    return tmp_path


def run(*words: object) -> tuple[int, str, str]:
    with log_as_it_was():
        done = CliRunner().invoke(app, ["evaluate", *map(str, words)], catch_exceptions=False)
    return done.exit_code, done.stdout, done.stderr


def in_force(library: Path, model_id: str) -> float | None:
    async def read() -> float | None:
        settings = Settings(_env_file=None, storage_url=f"file://{library}")
        reader = await open_reader(settings.resolved_catalog_url, model_id)
        measured = await reader.measured()
        await reader.close()
        return measured.near_duplicate if measured else None

    return asyncio.run(read())


def test_what_is_measured_with_views_is_told_and_saved_where_searches_look(
    folder, library, embedder
):
    assert in_force(library, embedder.model_id) is None
    code, told, _ = run(folder, "--folder", library, "--save", "--json")
    assert code == 0
    report = json.loads(told)
    assert report["ways"] == ["auto"]
    assert report["top1_views"] >= report["top1"]
    assert report["measured"]["pairs"] >= 20_000
    assert in_force(library, embedder.model_id) == report["measured"]["near_duplicate"]


def test_too_few_pictures_are_never_gone_by(folder, library, embedder):
    code, _, why = run(folder, "--folder", library, "--save", "--probes", 2)
    assert code == 2
    assert "--save" in why
    assert in_force(library, embedder.model_id) is None


def test_a_folder_without_a_catalog_gets_none(folder, tmp_path):
    code, _, why = run(folder, "--folder", tmp_path, "--save", "--views", "whole")
    assert code == 2
    assert "SEENIT_CATALOG_URL" in why
    assert not list(tmp_path.iterdir())


def test_a_table_tells_each_edit_and_an_unknown_view_is_refused(folder):
    code, told, _ = run(folder, "--probes", 1, "--screens")
    assert code == 0
    for word in ("light_page", "chat", "with views (auto)"):
        assert word in told
    code, _, why = run(folder, "--views", "sideways")
    assert code == 2
    assert "--views" in why
