"""Reads a Dockerfile, and tells what is wrong with it."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from fnmatch import fnmatch

from seenit.cli import VERBS
from tests.deployment.rules import PINNED, ROOT, unknown_settings

Instruction = tuple[str, str]


@dataclass
class Stage:
    """What stands between one FROM and the next."""

    name: str
    base: str
    instructions: list[Instruction] = field(default_factory=list)

    def all(self, word: str) -> list[str]:
        return [rest for name, rest in self.instructions if name == word]


@dataclass
class Dockerfile:
    """The stages by name, and what stands before them."""

    head: list[Instruction]
    stages: dict[str, Stage]

    def lineage(self, name: str) -> list[Stage]:
        """Tell the stages an image is made of, the base's first."""
        stage = self.stages.get(name)
        return [] if stage is None else [*self.lineage(stage.base), stage]

    def last(self, name: str, word: str) -> str:
        """Tell what an image has of an instruction of which the last counts."""
        found = [rest for stage in self.lineage(name) for rest in stage.all(word)]
        return found[-1] if found else ""

    def environment(self, name: str) -> dict[str, str]:
        text = " ".join(rest for stage in self.lineage(name) for rest in stage.all("ENV"))
        return dict(re.findall(r"(\w+)=(\S*)", text))


def parse(text: str) -> Dockerfile:
    lines = [line for line in text.splitlines() if not line.lstrip().startswith("#")]
    joined = "\n".join(lines).replace("\\\n", " ")
    read = Dockerfile([], {})
    into = read.head
    for line in filter(None, map(str.strip, joined.splitlines())):
        word, _, rest = line.partition(" ")
        if word == "FROM":
            base, _, name = rest.partition(" AS ")
            stage = Stage(name, base)
            read.stages[name] = stage
            into = stage.instructions
        else:
            into.append((word, rest.strip()))
    return read


IMAGES = {"worker": "worker", "worker-gpu": "worker", "api": "serve"}
"""The targets that are run, and the verb that each starts with."""

PORTS = {"worker": "8001", "worker-gpu": "8001", "api": "8000"}
HEALTH = ("/livez", "/readyz")


def faults(read: Dockerfile, ignored: str) -> Iterator[str]:
    """Tell what is wrong.

    Args:
        read: the Dockerfile.
        ignored: the text of `.dockerignore`.
    """
    bases = dict(rest.split("=", 1) for word, rest in read.head if word == "ARG")
    if not PINNED.fullmatch(bases.get("BASE", "")):
        yield f"the base is not pinned: {bases}"
    for stage in read.stages.values():
        if stage.base != "${BASE}" and stage.base not in read.stages:
            yield f"{stage.name} stands on {stage.base}, which is no stage"
        yield from _sources(read, stage, ignored)
        for command in stage.all("RUN"):
            yield from _installs(command)
    for name, verb in IMAGES.items():
        yield from _runs(read, name, verb)
    cpu = [rest for stage in read.lineage("api") for rest in stage.all("COPY")]
    if any("gpu" in rest for rest in cpu):
        yield "the image for the CPU takes something of the one for the GPU"


def _sources(read: Dockerfile, stage: Stage, ignored: str) -> Iterator[str]:
    let_in = [line[1:] for line in ignored.splitlines() if line.startswith("!")]
    for copied in stage.all("COPY"):
        words = copied.split()
        if words[0].startswith("--from="):
            if words[0].removeprefix("--from=") not in read.stages:
                yield f"{stage.name} copies from {words[0]}, which is no stage"
            continue
        for source in words[:-1]:
            if not (ROOT / source).exists():
                yield f"{stage.name} copies {source}, which is not there"
            if not any(fnmatch(source, name) for name in let_in):
                yield f".dockerignore keeps out {source}, which {stage.name} copies"


def _installs(command: str) -> Iterator[str]:
    for install in re.split(r"&&|;", command):
        locks = re.findall(r"-r (\S+)", install)
        for lock in locks:
            if lock.startswith("locks/") and "--require-hashes" not in install:
                yield f"{lock} is installed without looking at its hashes"
            if lock.startswith("locks/") and not (ROOT / lock).exists():
                yield f"there is no {lock}"
        if re.search(r"apt-get|curl|wget", install):
            yield f"something comes without a lock: {install.strip()[:60]}"


def _runs(read: Dockerfile, name: str, verb: str) -> Iterator[str]:
    if not re.fullmatch(r"[1-9]\d*:[1-9]\d*", read.last(name, "USER")):
        yield f"{name} runs as root, or as a user whom Kubernetes cannot tell from root"
    if json.loads(read.last(name, "ENTRYPOINT") or "[]") != ["seenit"]:
        yield f"{name} starts something else than seenit"
    if json.loads(read.last(name, "CMD") or "[]") != [verb] or verb not in VERBS:
        yield f"{name} does not start with the verb {verb}"
    if read.last(name, "EXPOSE") != PORTS[name]:
        yield f"{name} exposes another port than {PORTS[name]}"
    asked = re.search(r"http://127\.0\.0\.1:(\d+)(/\w+)", read.last(name, "HEALTHCHECK"))
    if asked is None or asked[1] != PORTS[name]:
        yield f"the health check of {name} does not ask at its port"
    elif asked[2] != "/livez":  # engines start anew what is not well
        yield f"the health check of {name} asks for {asked[2]}"
    yield from (f"{name}: no setting {it}" for it in unknown_settings(read.environment(name)))
    if "USER" not in read.environment(name):
        yield f"{name}: the MySQL client asks for the user's name, and nothing tells it"
    labels = read.last(name, "LABEL")
    for label in ("title", "description", "source", "licenses", "version", "revision"):
        if f"org.opencontainers.image.{label}=" not in labels:
            yield f"{name} has no label {label}"
