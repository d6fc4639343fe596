"""What is wrong with one service of the compose file; of Seenit's own more is asked."""

import re
from collections.abc import Iterable, Iterator
from typing import Any

from shared.settings import PREFIX, Settings
from tests.deployment import parts
from tests.deployment.compose.loading import example
from tests.deployment.dockerfile import PORTS, parse
from tests.deployment.rules import PINNED, ROOT, addresses, unknown_settings

Service = dict[str, Any]

LISTENS = parts.LISTENS | {
    "worker": {int(PORTS["worker"])},
    "worker-gpu": {int(PORTS["worker"])},
    "api": {int(PORTS["api"])},
}
SEENIT = ("setup", "worker", "worker-gpu", "api")


def unfit(name: str, services: dict[str, Service], volumes: dict[str, Any]) -> Iterator[str]:
    """Tell what is wrong with a service among the others."""
    service = services[name]
    yield from _image(service)
    yield from _bounds(name, service)
    yield from _order(service, services)
    yield from _places(name, service, volumes)
    yield from _ways(name, service, services)
    if name in SEENIT:
        yield from _seenits(name, service)


def _image(service: Service) -> Iterator[str]:
    image = service.get("image", "")
    if not PINNED.fullmatch(image):
        yield f"the image is not pinned: {image}"
    if "build" not in service:
        return
    target = service["build"].get("target")
    if target not in parse((ROOT / "Dockerfile").read_text()).stages:
        yield f"there is no target {target}"
    version = re.search(r'^version = "(.+)"', (ROOT / "pyproject.toml").read_text(), re.MULTILINE)
    if version is None or image != f"seenit/{target}:{version[1]}":
        yield f"{image} is not the name of what is built"


def _bounds(name: str, service: Service) -> Iterator[str]:
    limits = service.get("deploy", {}).get("resources", {}).get("limits", {})
    if not re.fullmatch(r"\d+[mg]", str(limits.get("memory", ""))):
        yield "its memory has no limit"
    if service.get("logging", {}).get("driver") != "local":
        yield "its log has no limit"
    if "no-new-privileges:true" not in service.get("security_opt", ()):
        yield "it may gain privileges"
    if service.get("restart") != ("no" if name == "setup" else "unless-stopped"):
        yield "it does not come back when it ends, or always does"
    for port in service.get("ports", ()):
        if port.get("host_ip") != "127.0.0.1":
            yield f"{port['target']} is open to all, with the example's settings"


def _order(service: Service, services: dict[str, Service]) -> Iterator[str]:
    if "healthcheck" not in service and "build" not in service:
        yield "nothing tells whether it is healthy"
    for name, wanted in service.get("depends_on", {}).items():
        if name not in services:
            yield f"it waits for {name}, which is no service"
        checked = services.get(name, {})
        healthy = "healthcheck" in checked or "build" in checked
        if wanted["condition"] == "service_healthy" and not healthy:
            yield f"it waits for {name} to be healthy, and nothing tells"
        if wanted["condition"] == "service_completed_successfully" and name != "setup":
            yield f"it waits for {name} to end"


def _words(service: Service) -> list[str]:
    return [*map(str, service.get("environment", {}).values()), *(service.get("command") or ())]


def _places(name: str, service: Service, volumes: dict[str, Any]) -> Iterator[str]:
    mounts = service.get("volumes", ())
    if name not in SEENIT:  # these keep nothing
        kept = parts.places(name, _words(service))
        yield from parts.misplaced(kept, [mount["target"] for mount in mounts])
        yield from _files(kept, mounts)
    for mount in mounts:
        if mount["type"] == "volume" and mount["source"] not in volumes:
            yield f"there is no volume {mount['source']}"
        if mount["type"] == "bind" and not mount.get("read_only"):
            yield f"it may write to {mount['source']}"


def _files(kept: set[str], mounts: Iterable[Service]) -> Iterator[str]:
    """Tell what is read from this repository and is not there."""
    bound = {mount["target"]: mount["source"] for mount in mounts if mount["type"] == "bind"}
    for target, source in bound.items():
        for place in kept:
            read = ROOT / source / place.removeprefix(target)[1:]
            if parts.within(place, target) and not read.exists():
                yield f"{read} is not there"


def _ways(name: str, service: Service, services: dict[str, Service]) -> Iterator[str]:
    for host, port in (way for word in _words(service) for way in addresses(word)):
        if host not in services or port not in LISTENS.get(host, ()):
            yield f"nothing listens at {host}:{port}"
    for test in service.get("healthcheck", {}).get("test", ()):
        for port in map(int, re.findall(r"localhost[: ](\d+)", test)):
            if port not in LISTENS[name]:
                yield f"its health check asks at {port}"
    opened = {port["target"] for port in service.get("ports", ())}
    opened |= {*map(int, service.get("expose", ())), *parts.listening(_words(service))}
    yield from (f"nothing listens at {port}" for port in opened - LISTENS.get(name, set()))


def _seenits(name: str, service: Service) -> Iterator[str]:
    given = service["environment"]
    yield from (f"no setting {it}" for it in unknown_settings(given))
    fields = {key.removeprefix(PREFIX).lower(): value for key, value in given.items()}
    try:
        settings = Settings(**fields)
    except ValueError as error:
        yield f"its settings are refused: {error}"
        return
    if not service.get("read_only") or service.get("cap_drop") != ["ALL"]:
        yield "it may write to its root, or has capabilities"
    if int(service.get("stop_grace_period", "10s").rstrip("s")) <= settings.drain_s:
        yield "it is killed before it has drained"
    known = " ".join(map(str, given.values()))
    may_know = {"setup": {"MINIO_ROOT", "MYSQL_ROOT", "SEARCH"}, "api": {"SEARCH"}}
    for secret, made in example().items():
        owner = secret.removesuffix("_PASSWORD")
        told = made.endswith("-made") and made in known
        if told and owner not in may_know.get(name, {"SEARCH", "MYSQL"}):
            yield f"it is told {secret}"
    verb = (service.get("command") or [{"api": "serve"}.get(name, "worker")])[0]
    if name == "setup" and (verb != "setup" or service.get("restart") != "no"):
        yield "it does not set up, once"
    if name != "setup" and "setup" not in service.get("depends_on", {}):
        yield "it does not wait until all is set up"
