"""Who may know whom: read from the imports themselves."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ROOMS = ("shared", "streams", "search_api", "seenit")
MAY_KNOW = {
    "shared": {"shared"},
    "streams": {"shared", "streams"},
    "search_api": {"shared", "search_api"},
    "seenit": set(ROOMS),
}
"""The rooms that a room may import from."""
HOMES = {
    "sqlalchemy": ["shared/catalog/"],
    "alembic": ["shared/catalog/migrations/"],
    "pymilvus": ["shared/vectors/milvus/"],
    "torch": ["shared/embedding/"],
    "torchvision": ["shared/embedding/"],
    "openvino": ["shared/embedding/"],
    "minio": ["shared/storage/s3/"],
    "faust": ["streams/app.py", "streams/agents.py", "streams/membership.py"],
    "starlette": ["search_api/", "shared/serving.py", "streams/health.py"],
    "uvicorn": [
        "shared/serving.py",
        "shared/connections.py",
        "seenit/verbs/up.py",
        "seenit/benchmark/",
    ],
    "typer": ["seenit/"],
    "rich": ["seenit/"],
}
"""Libraries, and the only places that may import them."""


def modules() -> list[Path]:
    return [path for room in ROOMS for path in sorted((ROOT / room).rglob("*.py"))]


def imports(source: str) -> Iterator[str]:
    """Name what a module imports, wherever in it, in full."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "relative imports hide where they lead"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def trespasses(path: str, source: str) -> list[str]:
    """Name the imports of a module that it may not have."""
    room = path.split("/", maxsplit=1)[0]
    wrong = []
    for name in imports(source):
        top = name.split(".")[0]
        if top in ROOMS and top not in MAY_KNOW[room]:
            wrong.append(name)
        if top in HOMES and not any(path.startswith(home) for home in HOMES[top]):
            wrong.append(name)
    return wrong


def test_the_rooms_are_all_there():
    assert {path.relative_to(ROOT).parts[0] for path in modules()} == set(ROOMS)
    assert len(modules()) > 50


@pytest.mark.parametrize(
    "path", modules(), ids=[path.relative_to(ROOT).as_posix() for path in modules()]
)
def test_a_module_imports_only_what_its_room_may_know(path):
    name = path.relative_to(ROOT).as_posix()
    assert trespasses(name, path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    ("path", "source"),
    [
        ("shared/records/objects.py", "from streams.intake import Intake"),
        ("shared/records/objects.py", "def f():\n    import search_api.app"),
        ("streams/intake.py", "from search_api import app"),
        ("search_api/app.py", "if TYPE_CHECKING:\n    from streams.parts import Parts"),
        ("search_api/app.py", "from seenit.console import out"),
        ("shared/vectors/exact.py", "from pymilvus import MilvusClient"),
        ("shared/images/decoding.py", "import torch.nn.functional as F"),
        ("streams/pipeline.py", "from sqlalchemy.exc import OperationalError"),
        ("streams/pipeline.py", "import faust"),
    ],
)
def test_a_trespass_is_noticed(path, source):
    assert len(trespasses(path, source)) == 1
