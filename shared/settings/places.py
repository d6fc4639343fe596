"""Where pictures, catalog and index are."""

import re
from pathlib import Path
from typing import ClassVar, Self
from urllib.parse import unquote, urlsplit

from pydantic import Field, SecretStr, field_validator, model_validator

from shared.errors import ConfigurationError
from shared.settings.group import PREFIX, Group, OptionalFolder, Words, address

_BUCKET_NAME = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")


class Places(Group):
    """The addresses of store, catalog and index, and what follows from one for the others."""

    title: ClassVar = "Where things are"

    storage_url: str = Field(
        "", description="Where the pictures are: `file:///dir` or `s3://host:9000?secure=false`."
    )
    data_dir: OptionalFolder = Field(
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
        description="The vector index: `sqlite:///file` (exact, in process), a path (Milvus Lite), "
        "`http://host:19530` (a Milvus server) or `http://host:19530/NAME` (a database on it); by "
        "default the catalog's own SQLite file.",
    )

    @field_validator("storage_url")
    @classmethod
    def _a_store(cls, value: str) -> str:
        return address(value, "file", "s3")

    @field_validator("catalog_url")
    @classmethod
    def _a_catalog(cls, value: str) -> str:
        return address(value, "sqlite", "mysql")

    @field_validator("index_url")
    @classmethod
    def _an_index(cls, value: str) -> str:
        return address(value, "sqlite", "http", "https") if "://" in value else value

    @model_validator(mode="after")
    def _embedded_state_has_a_place(self) -> Self:
        if self.storage_url.startswith("s3:") and not self.catalog_url and self.data_dir is None:
            raise ValueError(
                f"{PREFIX}CATALOG_URL: an S3 store needs a catalog, such as mysql://user:pw@host/seenit"
            )
        return self

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


class S3(Group):
    """The store, when it is not a folder."""

    title: ClassVar = "S3"

    s3_access_key: str = Field("", description="The access key of the S3 store.")
    s3_secret_key: SecretStr = Field(SecretStr(""), description="The secret key of the S3 store.")
    buckets: Words = Field(
        ("images",), description="The buckets to index, comma separated (S3 only)."
    )
    notify_arn: str = Field(
        "arn:minio:sqs::ingest:kafka",
        pattern=r"^arn:[^ ]+$",
        description="The name of the Kafka target in the S3 store's own configuration.",
    )
    public_s3_url: str = Field("", description="The S3 address in presigned links.")

    @field_validator("buckets")
    @classmethod
    def _bucket_names(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        if not names or len({*names}) < len(names):
            raise ValueError("names at least one bucket, and each once")
        if not all(_BUCKET_NAME.fullmatch(name) for name in names):
            raise ValueError("a bucket's name has 3 to 63 of a-z, 0-9, dots and hyphens")
        return names

    @field_validator("public_s3_url")
    @classmethod
    def _a_server(cls, value: str) -> str:
        return address(value, "http", "https")
