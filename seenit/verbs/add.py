"""`seenit add`: pictures into the bucket or the folder, by file, folder or URL."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Annotated, BinaryIO
from urllib.parse import unquote, urlsplit

import httpx
import typer

from seenit import bars, options
from seenit.console import notes, out, plain, print_json, told_plainly
from shared.errors import ConfigurationError, Rejected
from shared.records import ObjectRef
from shared.settings import Settings
from shared.storage.open import Store, open_store
from shared.storage.places import STATE_FOLDER, TOP_BUCKET

TIMEOUT_S = 30.0


@dataclass(frozen=True, slots=True)
class Source:
    """One picture to add: where from (a path or a URL), and where to."""

    origin: Path | str
    ref: ObjectRef


def add(
    sources: Annotated[list[str], typer.Argument(metavar="PATH|URL…", help="What to add.")],
    bucket: Annotated[
        str | None,
        typer.Option(
            "--bucket",
            "-b",
            metavar="NAME",
            help="The bucket.",
            show_default="the store's first, or the name of the added folder",
        ),
    ] = None,
    prefix: Annotated[
        str,
        typer.Option("--prefix", metavar="TEXT", help="Put before each key.", show_default=False),
    ] = "",
    user_key: Annotated[
        str | None,
        typer.Option(
            "--key", metavar="USER_KEY", help="Your own identifier; comes back with each hit."
        ),
    ] = None,
    folder: options.Folder = None,
    *,
    as_json: options.AsJson = False,
) -> None:
    """Add pictures: files, whole folders, or URLs. What is there under the same key is replaced."""
    with told_plainly():
        settings = options.settings_for(folder)
        store = open_store(settings)
        wanted = [s for text in sources for s in _expand(text, bucket, prefix, settings)]
        failures = _add_all(store, wanted, user_key, settings.max_bytes)
    added = len(wanted) - len(failures)
    if as_json:
        print_json({"added": added, "failed": failures})
    else:
        out.print(f"{added:,} added" + (f", {len(failures):,} failed" if failures else ""))
    if failures:
        raise typer.Exit(1)


def _add_all(
    store: Store, wanted: list[Source], user_key: str | None, max_bytes: int
) -> dict[str, str]:
    """Add one by one; one that cannot be had spares the others. Returns what failed and why."""
    failures = {}
    with bars.bar() as bar:
        for source in bar.track(wanted, description="Adding"):
            try:
                with _opened(source.origin, max_bytes) as file:
                    store.put(source.ref, file, user_key)
            except (OSError, httpx.HTTPError, httpx.InvalidURL, Rejected) as error:
                failures[str(source.origin)] = str(error)
                notes.print(f"[red]not added:[/] {plain(f'{source.origin}: {error}')}")
    return failures


def _expand(text: str, bucket: str | None, prefix: str, settings: Settings) -> list[Source]:
    """Name each picture of a file, a folder or a URL, and its place."""
    in_folder = settings.storage_url.startswith("file:")
    usual = TOP_BUCKET if in_folder else settings.buckets[0]
    if text.startswith(("http://", "https://")):
        try:
            name = PurePosixPath(unquote(urlsplit(text).path)).name or "picture"
        except ValueError:
            raise ConfigurationError("URL", f"{text} is no URL") from None
        return [Source(text, ObjectRef(bucket or usual, prefix + name))]
    path = Path(text).expanduser()
    if path.is_file():
        return [Source(path, ObjectRef(bucket or usual, prefix + path.name))]
    if not path.is_dir():
        raise ConfigurationError("PATH", f"there is no file or folder {text}")
    # A folder of pictures becomes a folder of the store: its own bucket, unless one is named.
    target = bucket or (path.resolve().name if in_folder else usual)
    files = sorted(
        file
        for file in path.rglob("*")
        if file.is_file() and STATE_FOLDER not in file.relative_to(path).parts
    )
    keys = (prefix + file.relative_to(path).as_posix() for file in files)
    return [Source(file, ObjectRef(target, key)) for file, key in zip(files, keys, strict=True)]


@contextmanager
def _opened(origin: Path | str, max_bytes: int) -> Iterator[BinaryIO]:
    if isinstance(origin, Path):
        with origin.open("rb") as file:
            yield file
        return
    with tempfile.TemporaryFile() as file:
        _download(origin, file, max_bytes)
        file.seek(0)
        yield file


def _download(url: str, file: BinaryIO, max_bytes: int) -> None:
    """Fetch what the user of this command asked for; no more than a picture may have."""
    with httpx.stream("GET", url, follow_redirects=True, timeout=TIMEOUT_S) as response:
        response.raise_for_status()
        for chunk in response.iter_bytes():
            if file.tell() + len(chunk) > max_bytes:
                raise httpx.HTTPError(f"more than {max_bytes} bytes")
            file.write(chunk)
