"""Builds the images for real, and runs them: buildah, without a container engine, on Debian."""

import json
import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from platformdirs import user_cache_path

from stack.programs import find, kept, run
from stack.service import CannotRun
from tests.deployment.rules import ROOT

BASE = "localhost/seenit-base"
SUITE = "trixie"  # what the base named in the Dockerfile is made of, too


class Images:
    """A store of images in the user's cache; what building downloads is kept there as well.

    Raises:
        CannotRun: buildah or debootstrap cannot be had, or this is not root.
    """

    def __init__(self) -> None:
        if os.geteuid() != 0:
            raise CannotRun("buildah's chroot isolation and debootstrap want root")
        find("buildah", "buildah")
        place = user_cache_path("seenit") / "images"
        (place / "tmp").mkdir(parents=True, exist_ok=True)
        self._buildah = ["buildah", "--storage-driver", "vfs"]
        self._buildah += ["--root", str(place / "storage"), "--runroot", str(place / "run")]
        self._environment = os.environ | {"TMPDIR": str(place / "tmp")}
        self._have_base()

    def __call__(self, *arguments: object) -> str:
        """Run buildah to its end; returns what it says."""
        done = subprocess.run(
            self.command(*arguments),
            cwd=ROOT,
            env=self._environment,
            stdout=subprocess.PIPE,
            text=True,
            check=True,
        )
        return done.stdout.strip()

    def command(self, *arguments: object) -> list[str]:
        return [*self._buildah, *map(str, arguments)]

    def build(self, target: str) -> "Image":
        """Build a target of the Dockerfile, as the machine's own authorities let it download."""
        name = f"localhost/seenit-{target}"
        options = [
            "--isolation",
            "chroot",
            "--format",
            "docker",
            "--pull=never",
            "--target",
            target,
        ]
        options += ["--volume", "/etc/ssl/certs:/etc/ssl/certs:ro", "--build-arg", f"BASE={BASE}"]
        self("bud", "--quiet", *options, "--tag", name, ".")
        return Image(self, name)

    def clean(self) -> None:
        """Remove all but the base and what is downloaded."""
        self("rm", "--all")
        for each in json.loads(self("images", "--json") or "[]"):
            if f"{BASE}:latest" not in (each.get("names") or ()):
                self("rmi", "--force", each["id"])

    def _have_base(self) -> None:
        if BASE in self("images", "--format", "{{.Name}}"):
            return
        debootstrap = find("debootstrap", "debootstrap")
        packages = "--include=python3,python3-venv,ca-certificates"
        system = kept(
            f"debian-{SUITE}",
            lambda folder: run([debootstrap, "--variant=minbase", packages, SUITE, folder]),
        )
        container = self("from", "scratch")
        self("copy", "--quiet", container, system, "/")
        self("commit", "--quiet", container, BASE)
        self("rm", container)


class Image:
    """One that was built, and a container of it."""

    def __init__(self, images: Images, name: str) -> None:
        self._images = images
        self.container = images("from", "--pull=never", name)
        self.root = Path(images("mount", self.container))
        inspected = json.loads(images("inspect", "--type", "image", name))
        self.config: dict[str, Any] = inspected["Docker"]["config"]
        self.bytes = _size(self.root)

    def run(self, *command: object, environment: Mapping[str, str]) -> list[str]:
        """Tell the command that runs one in the container, as the image's own user."""
        given = [f"--env={name}={value}" for name, value in environment.items()]
        options = ["--isolation", "chroot", "--user", self.config["User"], *given]
        return self._images.command("run", *options, self.container, "--", *command)

    def verb(self, *verb: str, environment: Mapping[str, str]) -> list[str]:
        """Tell the command that runs the image's entry point with its own verb, or another."""
        words = [*self.config["Entrypoint"], *(verb or self.config["Cmd"])]
        return self.run(*words, environment=environment)


def _size(root: Path) -> int:
    """Add up the sizes of all files, each once."""
    du = shutil.which("du") or "du"
    told = subprocess.run([du, "-sb", root], capture_output=True, text=True, check=True)
    return int(told.stdout.split()[0])
