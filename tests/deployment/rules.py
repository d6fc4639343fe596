"""What the Dockerfile, the compose file and the manifests are all held to."""

import os
import re
import warnings
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

from shared.settings import PREFIX, Settings

ROOT = Path(__file__).parents[2]
SETTINGS = {f"{PREFIX}{field}".upper() for field in Settings.model_fields}
PINNED = re.compile(r"[a-z0-9./-]+:[A-Za-z]*\.?\d[\w.-]*")
"""An image with a tag that starts with a number, after a word such as `v` or `RELEASE.`."""

TELLING = {"MINIO_API_SYNC_EVENTS": "on", "MINIO_SYNC_BOOT": "on"}
"""What MinIO is told, so that it tells of each change: before the client is answered, and from its
first moment on."""


def unknown_settings(names: Iterable[str]) -> list[str]:
    """Tell which names look like settings and are none."""
    return sorted(name for name in names if name.startswith(PREFIX) and name not in SETTINGS)


def addresses(text: str) -> Iterator[tuple[str, int]]:
    """Find `host:port` in a value; an address of this machine or of everyone is none."""
    for host, port in re.findall(r"(?<![\w.-])([a-z][a-z0-9.-]*):(\d{2,5})(?!\w)", text):
        if host != "localhost":
            yield host, int(port)


def missing(what: str, reason: Exception) -> None:
    """End a test that wants what cannot be had: skipped by name, failed where `CI` is `true`."""
    said = f"{what.upper()} CANNOT BE HAD HERE: {reason}"
    if os.environ.get("CI") == "true":
        pytest.fail(said)
    warnings.warn(said, stacklevel=2)
    pytest.skip(said)
