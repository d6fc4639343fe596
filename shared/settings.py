"""Every setting: its type, default and one sentence. Built once, at the entry point.

`docs/configuration.md` is generated from this page by `make docs`; a test holds the two together.
"""

import os
import re
from ipaddress import ip_network
from pathlib import Path
from typing import Annotated, Any, Literal, Self
from urllib.parse import quote, unquote, urlsplit, urlunsplit

from dotenv import dotenv_values
from pydantic import Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from shared.errors import ConfigurationError

PREFIX = "SEENIT_"

STORAGE_SCHEMES = ("file", "s3")
BUCKET_NAME = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
ORIGIN = re.compile(r"https?://[a-zA-Z0-9.\[\]:-]+")
CATALOG_SCHEMES = ("sqlite", "mysql")


class Settings(BaseSettings):
    """Seenit's configuration, from `SEENIT_*` in the environment or in `.env`."""

    # Others may keep their own in `.env`; what is named like Seenit's is checked when it is loaded.
    model_config = SettingsConfigDict(
        env_prefix=PREFIX, env_file=".env", extra="ignore", frozen=True, validate_default=True
    )

    storage_url: str = Field(
        "", description="Where the pictures are: `file:///dir` or `s3://host:9000?secure=false`."
    )
    data_dir: Path | None = Field(
        None,
        description="Where the embedded state is kept; by default `.seenit` inside the folder.",
    )
    catalog_url: str = Field(
        "",
        description="The catalog: `sqlite:///file` or `mysql://user:pw@host:3306/seenit`; "
        "by default `catalog.db` in the data directory.",
    )
    index_url: str = Field(
        "",
        description="The vector index: `sqlite:///file` (exact, in process), a path (Milvus Lite) "
        "or `http://host:19530` (a Milvus server); by default the catalog's own SQLite file.",
    )
    s3_access_key: str = Field("", description="The access key of the S3 store.")
    s3_secret_key: SecretStr = Field(SecretStr(""), description="The secret key of the S3 store.")
    buckets: Annotated[tuple[str, ...], NoDecode] = Field(
        ("images",), description="The buckets to index, comma separated (S3 only)."
    )
    kafka_url: str = Field(
        "",
        description="`kafka://host:9092,host:9092`; `?tls=true` (`&ca=FILE`) encrypts, "
        "`user:password@` before the hosts signs in (`?sasl=PLAIN`, `SCRAM-SHA-256` or "
        "`SCRAM-SHA-512`).",
    )
    topic: str = Field(
        "seenit.notifications",
        pattern=r"^[a-zA-Z0-9._-]{1,230}$",
        description="The topic of bucket notifications; dead letters go to `<topic>.dead-letter`.",
    )
    partitions: int = Field(
        8, ge=1, le=10_000, description="Partitions of the topic: the most workers that share it."
    )
    replication: int = Field(
        1, ge=1, le=100, description="Copies that Kafka keeps of the topic; 3 on a real cluster."
    )
    consumer_group: str = Field(
        "seenit",
        pattern=r"^[a-zA-Z0-9._-]{1,200}$",
        description="The Kafka consumer group that all workers join.",
    )
    notify_arn: str = Field(
        "arn:minio:sqs::ingest:kafka",
        pattern=r"^arn:[^ ]+$",
        description="The name of the Kafka target in the S3 store's own configuration.",
    )
    model: Literal["efficientnet-lite0", "resnet50"] = Field(
        "efficientnet-lite0", description="The model that turns pictures into embeddings."
    )
    model_weights: Path | None = Field(
        None, description="A file of weights to use instead of the model's own."
    )
    model_weights_sha256: str = Field(
        "",
        pattern="^([0-9a-f]{64})?$",
        description="The SHA-256 that the weights file must have; empty accepts any.",
    )
    device: Literal["auto", "cpu", "cuda"] = Field(
        "auto", description="Where the model runs; `auto` takes CUDA if there is a GPU."
    )
    precision: Literal["auto", "f32", "bf16"] = Field(
        "auto",
        description="Arithmetic of the model; `auto` takes bf16 where the processor has it.",
    )
    cache_dir: Path | None = Field(
        None,
        description="Where converted models are cached; by default the user's cache directory.",
    )
    batch_size: int = Field(64, ge=1, le=1024, description="Events per batch of the pipeline.")
    batch_age_ms: int = Field(
        50, ge=0, le=60_000, description="How long a batch waits for more events, in milliseconds."
    )
    max_bytes: int = Field(
        32 * 2**20, ge=1024, le=2**31, description="The largest file that is read, in bytes."
    )
    max_pixels: int = Field(
        100_000_000, ge=1, le=2**31, description="The largest picture that is decoded, in pixels."
    )
    decode_timeout_s: float = Field(
        20.0,
        gt=0,
        le=600,
        description="The longest that decoding one picture may take, in seconds.",
    )
    decode_memory: int = Field(
        3 * 2**30,
        ge=2**29,
        le=2**40,
        description="The most memory one decoding process may take, in bytes (Linux).",
    )
    settle_ms: int = Field(
        300,
        ge=0,
        le=60_000,
        description="How long a file must lie unchanged before it is read (folder only).",
    )
    reconcile_s: int = Field(
        600, ge=1, le=7 * 86_400, description="Seconds between two reconciliations."
    )
    removal_guard: float = Field(
        0.5,
        ge=0,
        le=1,
        description="The share of a bucket that reconciling may remove without `--force`.",
    )
    collect_grace_s: int = Field(
        3600,
        ge=0,
        le=30 * 86_400,
        description="How long an image without objects is kept before its vector is deleted.",
    )
    in_flight: int = Field(
        512,
        ge=1,
        le=100_000,
        description="Notifications a worker takes up before the oldest is done.",
    )
    drain_s: float = Field(
        20.0,
        gt=0,
        le=600,
        description="How long a worker finishes what is under way when it stops or loses a "
        "partition, in seconds.",
    )
    stall_s: float = Field(
        60.0,
        ge=5,
        le=3600,
        description="A worker that has events waiting and settles none for so long is not alive.",
    )
    rejection_limit: float = Field(
        0.95,
        gt=0,
        le=1,
        description="A worker stops when more than this share of the last 200 objects it read was "
        "rejected; 1 never stops.",
    )
    worker_host: str = Field(
        "127.0.0.1", min_length=1, description="The address of the worker's health and metrics."
    )
    worker_port: int = Field(
        8001, ge=0, le=65_535, description="The port of the worker's health and metrics."
    )
    search_user: str = Field(
        "",
        pattern=r"^([a-zA-Z0-9_-]{3,32})?$",
        description="A user that may only read: made by `seenit setup` in MySQL and MinIO, used by "
        "`seenit serve`; empty uses the settings' other credentials.",
    )
    search_password: SecretStr = Field(
        SecretStr(""), description="The password of that user, 8 to 40 characters."
    )
    api_tokens: Annotated[tuple[SecretStr, ...], NoDecode] = Field(
        (), description="Tokens that may call the API, comma separated; empty means open."
    )
    rate_limit: str = Field(
        "",
        pattern=r"^([1-9][0-9]{0,6}/(second|minute|hour|day))?$",
        description="Searches that one client may make, such as `600/minute`; any other call "
        "counts a tenth; empty sets no limit.",
    )
    cors_origins: Annotated[tuple[str, ...], NoDecode] = Field(
        (),
        description="Other sites whose scripts may call the API, comma separated, such as "
        "`https://shop.example`; `*` allows all.",
    )
    trusted_proxies: Annotated[tuple[str, ...], NoDecode] = Field(
        (),
        description="Addresses or networks, comma separated, whose `X-Forwarded-For` and "
        "`X-Forwarded-Proto` are believed.",
    )
    url_search: Literal["off", "on"] = Field("off", description="Whether search by URL is allowed.")
    public_s3_url: str = Field("", description="The S3 address in presigned links.")
    host: str = Field("127.0.0.1", min_length=1, description="The address the API listens on.")
    port: int = Field(8000, ge=0, le=65_535, description="The port; 0 takes a free one.")
    leave_s: float = Field(
        5.0,
        ge=0,
        le=600,
        description="How long `seenit serve` still answers once SIGTERM told it to end, in "
        "seconds; `/readyz` says 503 meanwhile, so that a load balancer goes elsewhere.",
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        "info", description="How much is logged."
    )

    @field_validator("buckets", "api_tokens", "cors_origins", "trusted_proxies", mode="before")
    @classmethod
    def _split(cls, value: Any) -> Any:  # noqa: ANN401 - whatever the environment held
        return (
            tuple(part.strip() for part in value.split(",") if part.strip())
            if isinstance(value, str)
            else value
        )

    @field_validator("buckets")
    @classmethod
    def _bucket_names(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        if not names or len({*names}) < len(names):
            raise ValueError("names at least one bucket, and each once")
        if not all(BUCKET_NAME.fullmatch(name) for name in names):
            raise ValueError("a bucket's name has 3 to 63 of a-z, 0-9, dots and hyphens")
        return names

    @field_validator("cors_origins")
    @classmethod
    def _origins(cls, origins: tuple[str, ...]) -> tuple[str, ...]:
        if not all(origin == "*" or ORIGIN.fullmatch(origin) for origin in origins):
            raise ValueError("an origin is https://host or https://host:port, or *")
        return origins

    @field_validator("trusted_proxies")
    @classmethod
    def _proxies(cls, proxies: tuple[str, ...]) -> tuple[str, ...]:
        for proxy in proxies:
            _ = ip_network(proxy)
        return proxies

    @field_validator("data_dir", "cache_dir")
    @classmethod
    def _could_be_a_folder(cls, value: Path | None) -> Path | None:
        if value is not None:
            there = next(place for place in (value, *value.parents) if place.exists())
            if not there.is_dir():
                raise ValueError(f"{there} is no folder")
        return value

    @field_validator("storage_url")
    @classmethod
    def _storage_scheme(cls, value: str) -> str:
        return _one_of(value, STORAGE_SCHEMES)

    @field_validator("catalog_url")
    @classmethod
    def _catalog_scheme(cls, value: str) -> str:
        return _one_of(value, CATALOG_SCHEMES)

    @field_validator("kafka_url")
    @classmethod
    def _kafka_scheme(cls, value: str) -> str:
        return _one_of(value, ("kafka",))

    @field_validator("index_url")
    @classmethod
    def _index_scheme(cls, value: str) -> str:
        return _one_of(value, ("sqlite", "http", "https")) if "://" in value else value

    @field_validator("public_s3_url")
    @classmethod
    def _public_scheme(cls, value: str) -> str:
        return _one_of(value, ("http", "https"))

    @field_validator("model_weights")
    @classmethod
    def _weights_exist(cls, value: Path | None) -> Path | None:
        if value is not None and not value.is_file():
            raise ValueError(f"there is no file {value}")
        return value

    @model_validator(mode="after")
    def _embedded_state_has_a_place(self) -> Self:
        if self.storage_url.startswith("s3:") and not self.catalog_url and self.data_dir is None:
            raise ValueError(
                f"{PREFIX}CATALOG_URL: an S3 store needs a catalog, such as mysql://user:pw@host/seenit"
            )
        return self

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

    @property
    def folder(self) -> Path:
        """The folder of pictures, when the store is one.

        Raises:
            ConfigurationError: the store is not a folder, or none was named.
        """
        if not self.storage_url.startswith("file:"):
            problem = "no store is set" if not self.storage_url else "this needs a folder (file://)"
            raise ConfigurationError(f"{PREFIX}STORAGE_URL", problem)
        return Path(unquote(urlsplit(self.storage_url).path))

    @property
    def state_dir(self) -> Path:
        """Where the embedded state is kept."""
        return self.data_dir or self.folder / ".seenit"

    @property
    def resolved_catalog_url(self) -> str:
        """The catalog's address, the default worked out."""
        return self.catalog_url or f"sqlite:///{self.state_dir / 'catalog.db'}"

    @property
    def resolved_index_url(self) -> str:
        """The index's address, the default worked out.

        Raises:
            ConfigurationError: a catalog on a server has no default index.
        """
        if self.index_url:
            return self.index_url
        if self.resolved_catalog_url.startswith("sqlite:"):
            return self.resolved_catalog_url
        raise ConfigurationError(f"{PREFIX}INDEX_URL", "set it, such as http://host:19530")


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


def _one_of(url: str, schemes: tuple[str, ...]) -> str:
    """Check that `url` is empty or has one of the schemes and something behind it."""
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
