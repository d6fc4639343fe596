"""Options that several verbs share, and the settings they lead to."""

from pathlib import Path
from typing import Annotated, Any

import typer

from seenit.console import log_to_console
from shared.errors import ConfigurationError
from shared.settings import Settings, load_settings

Folder = Annotated[
    Path | None,
    typer.Option(
        "--folder",
        "-f",
        metavar="DIR",
        help="The folder of pictures, in place of SEENIT_STORAGE_URL.",
    ),
]
Data = Annotated[
    Path | None,
    typer.Option(
        "--data",
        metavar="DIR",
        help="Where the embedded state is kept.",
        show_default=".seenit in the folder",
    ),
]
AsJson = Annotated[bool, typer.Option("--json", metavar="", help="Print JSON, for scripts.")]
Bucket = Annotated[
    str | None, typer.Option("--bucket", "-b", metavar="NAME", help="Only this bucket.")
]
Prefix = Annotated[
    str,
    typer.Option(
        "--prefix", metavar="TEXT", help="Only keys that start with this.", show_default=False
    ),
]
Host = Annotated[
    str | None,
    typer.Option(
        "--host",
        metavar="HOST",
        help="The address to listen on.",
        show_default="SEENIT_HOST or 127.0.0.1",
    ),
]
Port = Annotated[
    int | None,
    typer.Option(
        "--port",
        metavar="PORT",
        help="The port; 0 takes a free one.",
        show_default="SEENIT_PORT or 8000",
    ),
]


def settings_for(folder: Path | None = None, data: Path | None = None, **more: Any) -> Settings:  # noqa: ANN401 - any setting, checked by Settings
    """Load the settings, the command line's words first, and set up the log.

    Raises:
        ConfigurationError: naming the setting at fault.
    """
    overrides: dict[str, Any] = dict(more)
    if folder is not None:
        overrides["storage_url"] = folder.expanduser().resolve().as_uri()
    if data is not None:
        overrides["data_dir"] = data.expanduser().resolve()
    settings = load_settings(**overrides)
    log_to_console(settings.log_level)
    return settings


def known_bucket(settings: Settings, bucket: str | None) -> str | None:
    """Return the bucket, or None for all, if the store could have it.

    Raises:
        ConfigurationError: it is none of an S3 store's.
    """
    if bucket is None or settings.storage_url.startswith("file:") or bucket in settings.buckets:
        return bucket
    raise ConfigurationError("--bucket", f"{bucket} is not among SEENIT_BUCKETS")
