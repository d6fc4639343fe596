"""Where the programs come from: Go's modules, Maven's artifacts, Debian's packages.

What is fetched or built is kept in the user's cache, outside any checkout, and named by its
version; each is had once, whoever asks first, in this process or another.
"""

import fcntl
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from platformdirs import user_cache_path

from stack.service import CannotRun

_MODULES = {
    "compose-spec": ("github.com/compose-spec/compose-go/v2/cmd", "v2.9.1"),
    "kustomize": ("sigs.k8s.io/kustomize/kustomize/v5", "v5.7.1"),
    "mc": ("github.com/minio/mc", "v0.0.0-20250313080218-cf909e1063a9"),
    "minio": ("github.com/minio/minio", "v0.0.0-20260212201848-7aac2a2c5b7c"),
    "rclone": ("github.com/rclone/rclone", "v1.76.0"),
    "toxiproxy": ("github.com/Shopify/toxiproxy/v2/cmd/server", "v2.5.0"),
}

_SAID = 800


def tool(name: str) -> Path:
    """Return one of the programs above, built where it is not yet.

    Raises:
        CannotRun: there is no Go, or it cannot build this.
    """
    module, version = _MODULES[name]

    def build(folder: Path) -> None:
        go = find("go", "golang-go")
        run([go, "install", f"{module}@{version}"], env={"GOBIN": str(folder)})

    (program,) = kept(f"{name}-{version}", build).iterdir()
    return program


def find(program: str, *packages: str) -> str:
    """Return the path of a program of the system, installing Debian's `packages` where root may.

    Raises:
        CannotRun: it is not there and cannot be installed.
    """
    if found := _which(program):
        return found
    if shutil.which("apt-get") is None or os.geteuid() != 0:
        raise CannotRun(f"there is no {program}; install {' and '.join(packages)}")
    with _alone("apt"):
        quiet = {"DEBIAN_FRONTEND": "noninteractive"}
        patient = ("-o", "DPkg::Lock::Timeout=300", "--no-install-recommends")
        install = ["apt-get", "install", "-y", *patient, *packages]
        if _which(program) is None:
            run(["apt-get", "update"], env=quiet)
            run(install, env=quiet)
    if found := _which(program):
        return found
    raise CannotRun(f"{' and '.join(packages)} brought no {program}")


def unpacked(program: str, package: str) -> str:
    """Return the path of a program of the system, or of one of Debian's packages, not installed.

    For a package whose installation would start a service, and which needs no other.

    Raises:
        CannotRun: it is not there and cannot be had.
    """
    if found := _which(program):
        return found
    if shutil.which("apt-get") is None:
        raise CannotRun(f"there is no {program}; install {package}")

    def fetch(folder: Path) -> None:
        download = ["apt-get", "download", package]
        try:
            run(download, at=folder)
        except CannotRun:  # what the system knows of packages may be missing, or too old
            if os.geteuid() != 0:
                raise
            with _alone("apt"):
                run(["apt-get", "update"])
            run(download, at=folder)
        (archive,) = folder.glob("*.deb")
        run(["dpkg-deb", "--extract", archive, folder])
        archive.unlink()

    return str(kept(f"debian-{package}", fetch) / "usr" / "bin" / program)


def kept(name: str, make: Callable[[Path], None]) -> Path:
    """Return the cache's folder `name`; `make` fills it, once."""
    folder = _cache() / name
    with _alone(name):
        if not folder.exists():
            part = folder.with_name(f"{name}.part")
            shutil.rmtree(part, ignore_errors=True)
            part.mkdir(parents=True)
            make(part)
            part.replace(folder)
    return folder


def run(
    command: Sequence[str | Path], env: Mapping[str, str] | None = None, at: Path | None = None
) -> None:
    """Run a command to its end, in the cache or `at` another folder.

    Raises:
        CannotRun: it failed; with the first and the last of what it said.
    """
    done = subprocess.run(  # noqa: S603 - our own commands, no shell
        command,
        cwd=at or _cache(),  # not in the checkout, where a go.mod or a pom.xml would count
        env={**os.environ, **(env or {})},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if done.returncode:
        said = done.stdout.strip()
        if len(said) > 2 * _SAID:  # the reason may stand at either end
            said = f"{said[:_SAID]}\n…\n{said[-_SAID:]}"
        raise CannotRun(f"`{' '.join(map(str, command[:3]))} …` failed: {said}")


def _cache() -> Path:
    return user_cache_path("seenit", ensure_exists=True) / "stack"


def _which(program: str) -> str | None:
    path = f"{os.environ.get('PATH', os.defpath)}:/usr/sbin:/usr/local/go/bin"
    return shutil.which(program, path=path)


@contextmanager
def _alone(name: str) -> Iterator[None]:
    """Keep all others, also other processes, from doing the same at the same time."""
    _cache().mkdir(exist_ok=True)
    with (_cache() / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
