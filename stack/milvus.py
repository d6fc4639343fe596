"""Milvus standalone 2.3.5, out of the pip package `milvus`: etcd, queue and storage built in."""

import importlib.util
import lzma
import shutil
from collections.abc import Mapping
from pathlib import Path

from stack.programs import kept
from stack.service import CannotRun, Command, answers, free_ports


class Milvus:
    """The vector index's server.

    Args:
        port: where it listens.
    """

    name = "milvus"
    patience_s = 120.0

    def __init__(self, port: int) -> None:
        self._port = port
        self._health = 0
        self.address = f"127.0.0.1:{port}"
        self.url = f"http://{self.address}"
        self.settings: Mapping[str, str] = {"SEENIT_INDEX_URL": self.url}

    def obtain(self) -> None:
        """Unpack the program; see `stack.service.Service`."""
        _program()

    def prepare(self, data: Path) -> Command:
        """Have the program and write its configuration; see `stack.service.Service`."""
        program = _program()
        self._configure(data)
        environment = {
            "DEPLOY_MODE": "STANDALONE",
            "ETCD_CONFIG_PATH": str(_configure_etcd(data)),
            "METRICS_PORT": str(self._health),
            "MILVUS_RUN_DIR": str(data / "run"),
            "LD_LIBRARY_PATH": str(program.parent),
        }
        return Command([program, "run", "standalone"], environment)

    def ready(self) -> bool:
        """Tell whether all its parts say that they are well."""
        return answers(f"http://127.0.0.1:{self._health}/healthz", b"OK")

    def _configure(self, data: Path) -> None:
        """Write the configuration; all ports but its own are new each time."""
        from milvus import MilvusServerConfig  # type: ignore[import-untyped] # noqa: PLC0415 - only where it is installed

        config = MilvusServerConfig(data_dir=str(data))
        names = [name for name in config.configurable_items if name.endswith("_port")]
        self._health, *ports = free_ports(len(names) + 1)
        for name, port in zip(names, ports, strict=True):
            config.set(name, port)
        config.set("proxy_port", self._port)
        config.set("common.session.ttl", 10)  # a restart waits for the last one's sessions to end
        # Not its `resolve`, which takes a port of the last run for taken, for a minute.
        config.resolve_storage()
        config.write_config()


def _configure_etcd(data: Path) -> Path:
    """Write the built-in etcd's configuration, or it takes 2379 and 2380 from the next server."""
    client, peer = (f"http://127.0.0.1:{port}" for port in free_ports(2))
    settings = {
        "name": "milvus",
        "listen-client-urls": client,
        "advertise-client-urls": client,
        "listen-peer-urls": peer,
        "initial-advertise-peer-urls": peer,
        "initial-cluster": f"milvus={peer}",
    }
    path = data / "etcd.yaml"
    path.write_text("".join(f"{name}: {value}\n" for name, value in settings.items()))
    return path


def _program() -> Path:
    if importlib.util.find_spec("milvus") is None:
        raise CannotRun("the package milvus==2.3.5 is not installed (Linux on x86-64 only)")
    return kept("milvus-2.3.5", _unpack) / "milvus"


def _unpack(folder: Path) -> None:
    """Unpack the program and its libraries; 250 MB."""
    spec = importlib.util.find_spec("milvus")
    if spec is None or spec.origin is None:
        raise CannotRun("the package milvus has no place on disk")
    for source in (Path(spec.origin).parent / "data" / "bin").glob("*.lzma"):
        target = folder / source.stem
        with lzma.open(source) as reader, target.open("wb") as writer:
            shutil.copyfileobj(reader, writer)
        target.chmod(0o755)
