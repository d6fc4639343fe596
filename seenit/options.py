"""Options that several verbs share, and the settings they lead to."""

from pathlib import Path
from typing import Annotated, Any

import typer

from seenit.console import log_to_console
from shared.settings import Settings, load_settings

Folder = Annotated[
    Path | None,
    typer.Option("--folder", "-f", help="The folder of pictures, where no store is set."),
]
Data = Annotated[
    Path | None,
    typer.Option("--data", help="Where the embedded state is kept [default: FOLDER/.seenit]."),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, for scripts.")]
Bucket = Annotated[str | None, typer.Option("--bucket", "-b", help="Only this bucket.")]
Prefix = Annotated[str, typer.Option("--prefix", help="Only keys that start with this.")]
Host = Annotated[str | None, typer.Option("--host", help="The address to listen on.")]
Port = Annotated[int | None, typer.Option("--port", help="The port; 0 takes a free one.")]


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
