"""Milvus standalone 2.3.5, out of the pip package `milvus`: etcd, queue and storage built in."""

import importlib.util
import lzma
import shutil
from pathlib import Path
from typing import IO

from stack.service import CannotRun, Running, answers, free_ports, launch, wait_until_ready

_READY_WITHIN_S = 120.0


class Milvus:
    """The vector index's server.

    Args:
        port: where it listens; any free one if not given.
    """

    name = "milvus"

    def __init__(self, port: int | None = None) -> None:
        self._port = port

    def start(self, data: Path, log: IO[bytes], *, bound: bool) -> Running:
        """Start Milvus; see `stack.service.Service`."""
        if importlib.util.find_spec("milvus") is None:
            raise CannotRun("the package milvus==2.3.5 is not installed (Linux on x86-64 only)")
        port, health = self._configure(data)
        binary = _unpack(data.parent / f"{self.name}-program")
        running = Running(
            launch(
                [binary, "run", "standalone"],
                cwd=data,
                log=log,
                bound=bound,
                env={
                    "DEPLOY_MODE": "STANDALONE",
                    "ETCD_CONFIG_PATH": str(_configure_etcd(data)),
                    "METRICS_PORT": str(health),
                    "MILVUS_RUN_DIR": str(data / "run"),
                    "LD_LIBRARY_PATH": str(binary.parent),
                },
            ),
            {"SEENIT_INDEX_URL": f"http://127.0.0.1:{port}"},
        )
        url = f"http://127.0.0.1:{health}/healthz"
        return wait_until_ready(running, lambda: answers(url, b"OK"), _READY_WITHIN_S)

    def _configure(self, data: Path) -> tuple[int, int]:
        """Write the configuration; returns the port of the service and that of its health."""
        from milvus import MilvusServerConfig  # type: ignore[import-untyped] # noqa: PLC0415 - only where it is installed

        config = MilvusServerConfig(data_dir=str(data))
        names = [name for name in config.configurable_items if name.endswith("_port")]
        health, *ports = free_ports(len(names) + 1)
        config.update(**dict(zip(names, ports, strict=True)))
        config.set("common.session.ttl", 10)  # a restart waits for the last one's sessions to end
        if self._port is not None:
            config.update(proxy_port=self._port)
        config.resolve()
        return config.get("proxy_port"), health


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


def _unpack(folder: Path) -> Path:
    """Unpack the program, once, and return its path; 250 MB, shared by all servers beside it."""
    program = folder / "milvus"
    if program.exists():
        return program
    spec = importlib.util.find_spec("milvus")
    if spec is None or spec.origin is None:
        raise CannotRun("the package milvus has no place on disk")
    folder.mkdir(parents=True, exist_ok=True)
    packed = sorted((Path(spec.origin).parent / "data" / "bin").glob("*.lzma"))
    for source in sorted(packed, key=lambda path: path.stem == program.name):  # the program last
        target = folder / source.stem
        part = target.with_suffix(".part")
        with lzma.open(source) as reader, part.open("wb") as writer:
            shutil.copyfileobj(reader, writer)
        part.chmod(0o755)
        part.replace(target)
    return program
