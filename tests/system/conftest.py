"""The real process on folders of small real pictures."""

import asyncio
import io
import random
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import pytest
import skimage.data
from PIL import Image

from seenit.setting_up import Setup
from shared.embedding.load import load_embedder
from shared.protocols import Embedder
from shared.settings import Settings
from shared.steps import Did
from shared.vectors.milvus.databases import drop_database
from stack.registry import Stack
from tests.observations import Row
from tests.system.desk import Desk
from tests.system.running import Running

NAMES = ("astronaut.png", "camera.png", "chelsea.png", "coffee.png", "coins.png", "rocket.jpg")
MADE = {"topic", "bucket", "database", "model", "tables", "collection"}


class Pictures:
    """Small JPEGs of real pictures, as many different ones as are asked for, always the same."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)
        source = Path(skimage.data.__file__).parent
        self.originals = [Image.open(source / name).convert("RGB") for name in NAMES]
        self._jpegs = [self.jpeg(picture.resize((160, 120))) for picture in self.originals]

    @staticmethod
    def jpeg(picture: Image.Image, **options: object) -> bytes:
        encoded = io.BytesIO()
        picture.save(encoded, "JPEG", **options)
        return encoded.getvalue()

    def one(self) -> bytes:
        """Bytes never seen before: decoders stop at the picture's end, digests do not."""
        return self._random.choice(self._jpegs) + self._random.randbytes(16)

    def fill(self, folder: Path, count: int) -> list[Path]:
        """Write `count` pictures into five buckets and subfolders of them."""
        paths = [folder / f"bucket {n % 5}" / f"{n % 3}" / f"{n}.jpg" for n in range(count)]
        for path in paths:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(self.one())
        return paths


@pytest.fixture
def pictures(request: pytest.FixtureRequest) -> Pictures:
    return Pictures(seed=len(request.node.name))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """An empty folder of pictures; the tests run beside it."""
    place = tmp_path / "pictures of mine"
    place.mkdir()
    return place


@pytest.fixture(scope="session")
def embedder() -> Embedder:
    """The usual model, loaded once."""
    return load_embedder(Settings())


@pytest.fixture
def ready_settings(
    stack: Stack, stack_settings: dict[str, str], embedder: Embedder
) -> Iterator[dict[str, str]]:
    """Of a system that was set up, in which nothing runs and nothing was ever put."""
    mark = uuid.uuid4().hex[:12]
    database = f"ready_{mark}"
    settings = {
        **stack_settings,
        "buckets": f"ready-{mark}",
        "topic": f"ready.{mark}",
        "partitions": "3",
        "consumer_group": f"ready-{mark}",
        "catalog_url": f"{stack.mysql.url}/{database}",
        "search_user": "",
        "search_password": "",
        "port": "9",
        "worker_port": "9",
    }

    async def attempt() -> set[Did]:
        tasks = Setup(Settings(**settings), lambda _: embedder).tasks()
        return {(await task.attempt()).did for task in tasks if task.part in MADE}

    assert asyncio.run(attempt()) <= {Did.MADE, Did.FOUND}
    yield settings
    with stack.mysql.connect() as connection, connection.cursor() as cursor:
        cursor.execute(f"DROP DATABASE {database}")


@pytest.fixture
def own_settings(
    ready_settings: dict[str, str], stack_settings: dict[str, str]
) -> Iterator[dict[str, str]]:
    """The same, with an index of its own, on the topic that the store writes to."""
    index_url = f"{ready_settings['index_url']}/{ready_settings['buckets'].replace('-', '_')}"
    yield ready_settings | {"topic": stack_settings["topic"], "index_url": index_url}
    drop_database(index_url)


@pytest.fixture
def desk(stack: Stack, stack_settings: dict[str, str], tmp_path: Path) -> Iterator[Desk]:
    """What a test of workers has to itself; whatever becomes of it, they end."""
    desk = Desk(stack, stack_settings, tmp_path)
    yield desk
    desk.end()


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., Running]]:
    """Start `seenit up` or `seenit serve`; whatever becomes of the test, it ends."""
    started: list[Running] = []

    def start(verb: str, *arguments: object, **settings: object) -> Running:
        started.append(Running(verb, *arguments, cwd=tmp_path, **settings))
        return started[-1]

    yield start
    for running in started:
        running.end()


@pytest.fixture
def up(start: Callable[..., Running], folder: Path) -> Callable[..., Running]:
    """Start `seenit up` on the folder."""
    return lambda *arguments, **settings: start("up", folder, *arguments, **settings)


@dataclass(frozen=True)
class Latency:
    """How long something took; told at the end, never judged."""

    what: str
    seconds: float
    title: ClassVar = "seconds until a change was visible"
    head: ClassVar = ("seconds", "what")

    def cells(self) -> tuple[str, ...]:
        """Set the line; see `tests.observations.Row`."""
        return f"{self.seconds:.2f}", self.what


@pytest.fixture
def latency(observed: list[Row]) -> Callable[[str, float], None]:
    """Note how long something took."""
    return lambda what, seconds: observed.append(Latency(what, seconds))
