"""What groups of settings are made of: lists, addresses, and the group itself."""

from pathlib import Path
from typing import Annotated, Any, ClassVar
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, SecretStr
from pydantic_settings import NoDecode

PREFIX = "SEENIT_"


class Group(BaseModel):
    """Settings that belong together: a table of docs/configuration.md under `title`."""

    model_config = ConfigDict(frozen=True)
    title: ClassVar[str]


def _split(value: Any) -> Any:  # noqa: ANN401 - whatever the environment held
    return (
        tuple(part.strip() for part in value.split(",") if part.strip())
        if isinstance(value, str)
        else value
    )


Words = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_split)]
"""Comma separated; spaces around a word are none of it."""

Secrets = Annotated[tuple[SecretStr, ...], NoDecode, BeforeValidator(_split)]
"""The same, never shown."""


def _could_be_a_folder(value: Path | None) -> Path | None:
    if value is not None:
        there = next(place for place in (value, *value.parents) if place.exists())
        if not there.is_dir():
            raise ValueError(f"{there} is no folder")
    return value


OptionalFolder = Annotated[Path | None, AfterValidator(_could_be_a_folder)]
"""One that is there or could be made."""


def address(url: str, *schemes: str) -> str:
    """Check that `url` is empty or has one of the schemes and something behind it.

    Raises:
        ValueError: it has not; what it holds is not shown, as it may be secret.
    """
    if not url:
        return url
    try:
        parts = urlsplit(url)
        for server in parts.netloc.rpartition("@")[2].split(","):
            _ = urlsplit(f"//{server}").port
    except ValueError:  # its words would show what may be a password
        raise ValueError("is no address; a port is a number up to 65535") from None
    if parts.scheme not in schemes:
        expected = " or ".join(f"{scheme}://" for scheme in schemes)
        raise ValueError(f"must start with {expected}")
    if not parts.netloc and parts.path in {"", "/"}:
        raise ValueError("names no place")
    return url
