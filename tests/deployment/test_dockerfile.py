"""The Dockerfile, without building anything; `make soak` builds it."""

import re

import pytest

from shared.settings import Settings
from tests.deployment.dockerfile import HEALTH, PORTS, faults, parse
from tests.deployment.rules import ROOT

TEXT = (ROOT / "Dockerfile").read_text()
IGNORED = (ROOT / ".dockerignore").read_text()

BROKEN = {
    "a base that moves": ("python:3.13.16-slim-trixie", "python:latest"),
    "root": ("USER 10001:10001", "USER root"),
    "a user that Kubernetes cannot look up": ("USER 10001:10001", "USER seenit"),
    "a user without a name": ("HOME=/tmp USER=seenit", "HOME=/tmp"),
    "a port that nothing listens at": ("EXPOSE 8000", "EXPOSE 8080"),
    "a health check at another port": ("127.0.0.1:8000/livez", "127.0.0.1:8080/livez"),
    "a health check that asks for a page there is not": ("8000/livez", "8000/health"),
    "a health check that fails when a part is away": ("8001/livez", "8001/readyz"),
    "a verb there is not": ('CMD ["serve"]', 'CMD ["server"]'),
    "a setting there is not": ("SEENIT_WORKER_HOST", "SEENIT_WORKERHOST"),
    "a folder there is not": ("COPY streams streams", "COPY stream streams"),
    "a folder that .dockerignore keeps out": ("COPY streams streams", "COPY tests tests"),
    "a stage there is not": ("--from=model", "--from=models"),
    "a lock there is not": ("-r locks/image.txt", "-r locks/images.txt"),
    "hashes that nobody looks at": ("--no-deps --require-hashes", "--no-deps"),
    "PyTorch in the image for the CPU": (
        "COPY --from=installed /opt/seenit",
        "COPY --from=installed-gpu /opt/seenit",
    ),
    "a label forgotten": ("image.licenses", "image.license"),
}


def test_nothing_is_wrong_with_it():
    assert [*faults(parse(TEXT), IGNORED)] == []


@pytest.mark.parametrize("what", BROKEN)
def test_a_mistake_is_found(what):
    right, wrong = BROKEN[what]
    assert right in TEXT
    assert [*faults(parse(TEXT.replace(right, wrong)), IGNORED)] != []


def test_its_ports_are_those_that_the_settings_name():
    fields = Settings.model_fields
    assert PORTS["api"] == str(fields["port"].default)
    assert PORTS["worker"] == str(fields["worker_port"].default)


def test_what_asks_after_its_health_is_answered():
    for source in ("streams/health.py", "search_api/app.py"):
        routes = re.findall(r'Route\(\s*"(/\w+)"', (ROOT / source).read_text())
        assert {*HEALTH} <= {*routes}, source


def versions(lock: str) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for line in (ROOT / f"locks/{lock}.txt").read_text().splitlines():
        if named := re.match(r"([a-z0-9.-]+)==([^ ;]+)", line):
            found.setdefault(named[1], set()).add(named[2])
    return found


def test_the_lock_of_the_image_for_the_cpu_has_all_that_the_other_has_but_torch():
    cpu, gpu = versions("image").keys(), versions("gpu").keys()
    assert {"openvino", "faust-streaming", "pymilvus", "cryptography"} <= cpu
    assert {"torch", "torchvision"} <= gpu - cpu
    assert cpu < gpu


def test_the_versions_in_the_images_are_those_that_the_tests_run():
    tested = versions("test")
    for name, version in [*versions("gpu").items(), *versions("image").items()]:
        assert version <= tested.get(name, version), name
