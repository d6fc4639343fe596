"""The real services, started once a session; a part that cannot be had is skipped by name."""

import os
import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest

from stack.milvus import Milvus
from stack.service import CannotRun, Running, Service


def _run(service: Service, folder: Path) -> Iterator[Running]:
    """Run a service as long as the session lasts; it dies with the session even by `kill -9`."""
    data = folder / service.name
    data.mkdir()
    log = folder / f"{service.name}.log"
    try:
        with log.open("wb") as output:
            running = service.start(data, output, bound=True)
    except CannotRun as reason:
        problem = f"{service.name.upper()} CANNOT BE HAD HERE: {reason}"
        if os.environ.get("CI") == "true":
            pytest.fail(f"{problem}\n{log.read_text(errors='replace')[-2000:]}")
        warnings.warn(problem, stacklevel=1)
        pytest.skip(problem)
    yield running
    running.stop(patience_s=2)  # what it would save is thrown away


@pytest.fixture(scope="session")
def milvus_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    for running in _run(Milvus(), tmp_path_factory.mktemp("stack")):
        yield running.settings["SEENIT_INDEX_URL"]
