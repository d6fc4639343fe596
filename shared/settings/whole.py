"""All settings together: what holds between groups, and how they are loaded or refused by name."""

import os
from typing import Any, Self
from urllib.parse import quote, urlsplit, urlunsplit

from dotenv import dotenv_values
from pydantic import ValidationError, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from shared.errors import ConfigurationError
from shared.settings.api import Api, Log
from shared.settings.group import PREFIX, Group
from shared.settings.ingest import Ingest, Pictures, Worker
from shared.settings.kafka import Kafka
from shared.settings.model import Model
from shared.settings.places import S3, Places

GROUPS: tuple[type[Group], ...] = (Places, S3, Kafka, Model, Ingest, Worker, Pictures, Api, Log)
"""In the order of docs/configuration.md."""


class Settings(Places, S3, Kafka, Model, Ingest, Worker, Pictures, Api, Log, BaseSettings):
    """Seenit's configuration, from `SEENIT_*` in the environment or in `.env`."""

    # Others may keep their own in `.env`; what is named like Seenit's is checked when it is loaded.
    model_config = SettingsConfigDict(
        env_prefix=PREFIX, env_file=".env", extra="ignore", frozen=True, validate_default=True
    )

    @model_validator(mode="after")
    def _reader_is_a_user_of_its_own(self) -> Self:
        if not self.search_user:
            return self
        if not 8 <= len(self.search_password.get_secret_value()) <= 40:
            raise ValueError(f"{PREFIX}SEARCH_PASSWORD: has 8 to 40 characters")
        if self.search_user in {self.s3_access_key, urlsplit(self.catalog_url).username}:
            raise ValueError(f"{PREFIX}SEARCH_USER: must not be the user who writes")
        return self

    def for_search(self) -> Self:
        """Return the settings of a process that only reads: signed in as `search_user`, if set.

        Nothing of them leads to Kafka, and the credentials of whoever writes are gone.
        """
        if not self.search_user:
            return self
        password = self.search_password.get_secret_value()
        changed: dict[str, Any] = {"kafka_url": ""}
        if self.storage_url.startswith("s3:"):
            changed |= {"s3_access_key": self.search_user, "s3_secret_key": self.search_password}
        if self.catalog_url.startswith("mysql:"):
            parts = urlsplit(self.catalog_url)
            signs_in = f"{self.search_user}:{quote(password, safe='')}"
            place = f"{signs_in}@{parts.netloc.rpartition('@')[2]}"
            changed["catalog_url"] = urlunsplit(parts._replace(netloc=place))
        return self.model_copy(update=changed)


def load_settings(**overrides: Any) -> Settings:  # noqa: ANN401 - any field, checked by Settings
    """Build the settings from the environment, `.env` and the command line's `overrides`.

    Raises:
        ConfigurationError: naming the first setting that is unknown or refuses its value; values
            themselves are never shown, as they may be secret.
    """
    _refuse_unknown({*os.environ, *dotenv_values(".env")})
    try:
        return Settings(**{name: value for name, value in overrides.items() if value is not None})
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        problem = first["msg"].removeprefix("Value error, ")
        if not first["loc"]:
            raise ConfigurationError(*problem.split(": ", 1)) from None
        raise ConfigurationError(f"{PREFIX}{str(first['loc'][0]).upper()}", problem) from None


def _refuse_unknown(names: set[str]) -> None:
    known = {f"{PREFIX}{field}".upper() for field in Settings.model_fields}
    unknown = sorted(n for n in names if n.upper().startswith(PREFIX) and n.upper() not in known)
    if unknown:
        raise ConfigurationError(unknown[0], "there is no such setting; see docs/configuration.md")
