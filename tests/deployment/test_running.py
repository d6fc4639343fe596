"""The compose file's commands and settings, on real services: from the checkout, and in images.

Images are built for real, with what the Dockerfile says; the first time downloads gigabytes.
"""

import io
import json
import os
import re
import signal
import subprocess
import sys
import uuid
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest
import skimage.data
from minio import Minio
from PIL import Image as Picture

from stack.registry import Stack
from stack.service import CannotRun, free_ports
from tests.deployment.compose.loading import composed, example
from tests.deployment.images import Image, Images
from tests.deployment.rules import ROOT, missing
from tests.system.running import eventually

pytestmark = [pytest.mark.soak, pytest.mark.timeout(3600)]

Launch = Callable[..., list[str]]
"""Tells the command of a service in its environment, with its own verb or another."""

START_S = 180.0


class System:
    """The compose file's services of ours, told where the native parts are instead."""

    def __init__(self, stack: Stack, folder: Path, launch: Launch) -> None:
        self._stack = stack
        self._folder = folder
        self._launch = launch
        self._services: dict[str, Any] = composed(
            (ROOT / "docker-compose.yaml").read_text(), folder
        )["services"]
        self._mark = uuid.uuid4().hex[:8]
        self.bucket = f"compose-{self._mark}"
        self.worker, self.api = (f"http://127.0.0.1:{port}" for port in free_ports(2))
        self._running: list[subprocess.Popen[str]] = []

    def environment(self, service: str) -> dict[str, str]:
        """Tell a service's own settings, translated."""
        mysql, minio = self._stack.mysql, self._stack.minio
        made = example()
        owner, database = f"owner-{self._mark}", f"compose_{self._mark}"
        for statement in (
            f"CREATE USER IF NOT EXISTS '{owner}'@'%' IDENTIFIED BY '{made['MYSQL_PASSWORD']}'",
            f"GRANT ALL ON {database}.* TO '{owner}'@'%'",
        ):  # as MySQL's image does for MYSQL_USER
            with mysql.connect() as connection, connection.cursor() as cursor:
                cursor.execute(statement)
        administrator = mysql.url.removeprefix("mysql://").rpartition("@")[0]
        translations = {
            "mysql://seenit:": f"mysql://{owner}:",
            f"root:{made['MYSQL_ROOT_PASSWORD']}@": f"{administrator}@",
            "mysql:3306/seenit": f"{mysql.address}/{database}",
            "minio:9000": minio.address,
            "kafka:9092": self._stack.kafka.address,
            "http://milvus:19530": self._stack.milvus.url,
            "seenit-search": f"search-{self._mark}",
            made["MINIO_ROOT_USER"]: minio.access_key,
            made["MINIO_ROOT_PASSWORD"]: minio.secret_key,
        }
        given = dict(self._services[service]["environment"])
        for there, here in translations.items():
            given = {name: value.replace(there, here) for name, value in given.items()}
        return given | {
            "SEENIT_BUCKETS": self.bucket,
            "SEENIT_CONSUMER_GROUP": f"compose-{self._mark}",
            "SEENIT_PORT": self.api.rpartition(":")[2],
            "SEENIT_WORKER_PORT": self.worker.rpartition(":")[2],
        }

    def once(self, service: str, *verb: str) -> str:
        """Run a verb as a service does, to its end; returns what it says."""
        done = subprocess.run(
            self._launch(service, self.environment(service), *verb),
            cwd=self._folder,
            env=self._bare(service),
            capture_output=True,
            text=True,
            timeout=START_S,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def start(self, service: str) -> None:
        log = (self._folder / f"{service}.log").open("w")
        self._running.append(
            subprocess.Popen(
                self._launch(service, self.environment(service)),
                cwd=self._folder,
                env=self._bare(service),
                stdout=log,
                stderr=log,
                text=True,
            )
        )
        log.close()

    def _bare(self, service: str) -> dict[str, str]:
        """Nobody's settings but the service's own."""
        kept = {name: value for name, value in os.environ.items() if "SEENIT" not in name}
        return kept | self.environment(service)

    def answers(self, url: str) -> bool:
        for process in self._running:
            assert process.poll() is None, self.logs()
        try:
            return httpx.get(url, timeout=10).is_success
        except httpx.TransportError:
            return False

    def logs(self) -> str:
        return "\n".join(log.read_text()[-3000:] for log in self._folder.glob("*.log"))

    def stop(self) -> list[int]:
        """Ask all to end, as an engine does: by a signal to the program itself."""
        for program in self._programs():
            program.send_signal(signal.SIGTERM)
        return [process.wait(60) for process in self._running]

    def _programs(self) -> list[psutil.Process]:
        """Find ours, wherever buildah put them in the tree; not their children."""
        ours = {each.pid: each for each in psutil.process_iter() if self._is_ours(each)}
        return [each for each in ours.values() if each.ppid() not in ours]

    def _is_ours(self, process: psutil.Process) -> bool:
        try:
            group = process.environ().get("SEENIT_CONSUMER_GROUP")
            return group == f"compose-{self._mark}" and "python" in Path(process.exe()).name
        except psutil.Error:
            return False

    def end(self) -> None:
        """Leave nothing behind; what all said is shown where the test failed."""
        sys.stdout.write(self.logs())
        for process in self._running:
            if process.poll() is None:
                for program in self._programs():
                    program.kill()
                process.wait(30)
        with self._stack.mysql.connect() as connection, connection.cursor() as cursor:
            cursor.execute(f"DROP DATABASE IF EXISTS compose_{self._mark}")


@pytest.fixture
def started(stack: Stack, tmp_path: Path) -> Iterator[Callable[[Launch], System]]:
    systems: list[System] = []

    def start(launch: Launch) -> System:
        systems.append(System(stack, tmp_path, launch))
        return systems[-1]

    yield start
    for system in systems:
        system.end()


@pytest.fixture(scope="module")
def images() -> Iterator[dict[str, Image]]:
    """The images of worker and API, built now."""
    try:
        builder = Images()
    except CannotRun as reason:
        missing("buildah", reason)
    builder.clean()
    yield {target: builder.build(target) for target in ("worker", "api")}
    builder.clean()


def from_the_checkout(service: str, _: Mapping[str, str], *verb: str) -> list[str]:
    own = {"worker": "worker", "api": "serve"}
    return [sys.executable, "-m", "seenit", *(verb or [own[service]])]


def one_picture_goes_through(system: System, stack: Stack) -> None:
    picture = Picture.open(Path(skimage.data.__file__).parent / "chelsea.png").convert("RGB")
    whole, part = io.BytesIO(), io.BytesIO()
    picture.save(whole, "JPEG")
    picture.crop((40, 30, 400, 270)).save(part, "JPEG", quality=60)

    told = system.once("setup", "setup")
    assert "collection" in told
    assert "user of the store" in told
    for service in ("worker", "api"):
        system.start(service)
    for address in (system.worker, system.api):
        eventually(lambda address=address: system.answers(f"{address}/readyz"), START_S)

    store = Minio(stack.minio.address, stack.minio.access_key, stack.minio.secret_key, secure=False)
    store.put_object(system.bucket, "cat.jpg", io.BytesIO(whole.getvalue()), len(whole.getvalue()))
    object_there = f"{system.api}/v1/objects/{system.bucket}/cat.jpg"
    eventually(lambda: system.answers(object_there), 120)

    def hits() -> list[dict[str, Any]]:  # Milvus shows what is new within seconds
        files = {"image": ("part.jpg", part.getvalue())}
        reply = httpx.post(f"{system.api}/v1/search", files=files, timeout=60)
        return reply.raise_for_status().json()["hits"]

    (hit,) = eventually(hits, 60)
    assert hit["objects"][0]["key"] == "cat.jpg"
    compared = json.loads(system.once("worker", "reconcile", "--dry-run", "--json"))
    assert (compared["unchanged"], compared["added"], compared["removed"]) == (1, 0, 0)


def test_the_built_images_do_the_same(images, started, stack, capsys):
    def in_its_image(service: str, environment: Mapping[str, str], *verb: str) -> list[str]:
        image = images["api" if service == "api" else "worker"]
        return image.verb(*verb, environment=environment)

    system = started(in_its_image)
    one_picture_goes_through(system, stack)
    for name, address in (("worker", system.worker), ("api", system.api)):
        image = images[name]
        check = [
            re.sub(r"127\.0\.0\.1:\d+", address.removeprefix("http://"), word)
            for word in image.config["Healthcheck"]["Test"][1:]
        ]
        subprocess.run(image.run(*check, environment={}), check=True, timeout=60)
    assert system.stop() == [0, 0], system.logs()
    with capsys.disabled():
        sys.stdout.write(f"\n{images['worker'].bytes / 1e6:.0f} MB on Debian made by debootstrap\n")


def test_the_images_hold_no_torch_and_nothing_that_their_user_may_write(images):
    for image in images.values():
        packages = next(image.root.glob("opt/seenit/lib/python3*/site-packages"))
        assert not [*packages.glob("torch*"), *packages.glob("nvidia*"), *packages.glob("triton*")]
        user = int(image.config["User"].partition(":")[0])
        for folder in ("opt", "usr", "etc"):
            for path in (image.root / folder).rglob("*"):
                facts = path.lstat()
                assert facts.st_uid != user, path
                assert path.is_symlink() or not facts.st_mode & 0o002, path


LOAD = """
from shared.embedding.load import load_embedder
from shared.settings import load_settings
print(load_embedder(load_settings()).model_id)
"""


@pytest.mark.parametrize(
    ("model", "code", "told"),
    [("efficientnet-lite0", 0, "efficientnet-lite0-512-"), ("resnet50", 1, "needs torch")],
)
def test_the_images_load_the_model_that_they_hold_and_refuse_another(images, model, code, told):
    for image in images.values():
        command = image.run("python", "-c", LOAD, environment={"SEENIT_MODEL": model})
        done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
        assert done.returncode == code, done.stderr
        assert told in done.stdout + done.stderr


def test_the_compose_files_commands_set_up_index_and_find_a_picture(started, stack):
    system = started(from_the_checkout)
    one_picture_goes_through(system, stack)
    assert system.stop() == [0, 0], system.logs()
