"""How search is served, and to whom."""

import re
from ipaddress import ip_network
from typing import Any, ClassVar, Literal

from pydantic import Field, SecretStr, field_validator

from shared.settings.group import Group, Secrets, Words

_TOKEN = re.compile(r"[!-~]+")
_ORIGIN = re.compile(r"https?://[a-zA-Z0-9.\[\]:-]+")


class Api(Group):
    """The API, its page, and who may ask."""

    title: ClassVar = "The API"

    host: str = Field("127.0.0.1", min_length=1, description="The address the API listens on.")
    port: int = Field(8000, ge=0, le=65_535, description="The port; 0 takes a free one.")
    leave_s: float = Field(
        5.0,
        ge=0,
        le=600,
        description="How long `seenit serve` still answers once SIGTERM told it to end, in "
        "seconds; `/readyz` says 503 meanwhile, so that a load balancer goes elsewhere.",
    )
    api_tokens: Secrets = Field(
        (), description="Tokens that may call the API, comma separated; empty means open."
    )
    rate_limit: str = Field(
        "",
        pattern=r"^([1-9][0-9]{0,6}/(second|minute|hour|day))?$",
        description="Searches that one client may make, such as `600/minute`; any other call "
        "counts a tenth; empty sets no limit.",
    )
    cors_origins: Words = Field(
        (),
        description="Other sites whose scripts may call the API, comma separated, such as "
        "`https://shop.example`; `*` allows all.",
    )
    trusted_proxies: Words = Field(
        (),
        description="Addresses or networks, comma separated, whose `X-Forwarded-For` and "
        "`X-Forwarded-Proto` are believed.",
    )
    url_search: Literal["off", "on"] = Field("off", description="Whether search by URL is allowed.")
    search_user: str = Field(
        "",
        pattern=r"^([a-zA-Z0-9_-]{3,32})?$",
        description="A user that may only read: made by `seenit setup` in MySQL and MinIO, used by "
        "`seenit serve`; empty uses the settings' other credentials.",
    )
    search_password: SecretStr = Field(
        SecretStr(""), description="The password of that user, 8 to 40 characters."
    )

    @field_validator("api_tokens", mode="before")
    @classmethod
    def _named(cls, words: Any) -> Any:  # noqa: ANN401 - whatever the environment held
        """Refuse commas alone: whoever meant two tokens that came out empty is not open by it."""
        if isinstance(words, str) and words and not words.strip(", "):
            raise ValueError("names no token")
        return words

    @field_validator("api_tokens")
    @classmethod
    def _sendable(cls, tokens: tuple[SecretStr, ...]) -> tuple[SecretStr, ...]:
        if not all(_TOKEN.fullmatch(token.get_secret_value()) for token in tokens):
            raise ValueError("a token is of ASCII letters, digits and signs, without spaces")
        return tokens

    @field_validator("cors_origins")
    @classmethod
    def _origins(cls, origins: tuple[str, ...]) -> tuple[str, ...]:
        if not all(origin == "*" or _ORIGIN.fullmatch(origin) for origin in origins):
            raise ValueError("an origin is https://host or https://host:port, or *")
        return origins

    @field_validator("trusted_proxies")
    @classmethod
    def _proxies(cls, proxies: tuple[str, ...]) -> tuple[str, ...]:
        for proxy in proxies:
            _ = ip_network(proxy)
        return proxies


class Log(Group):
    """What every process says of itself."""

    title: ClassVar = "The log"

    log_level: Literal["debug", "info", "warning", "error"] = Field(
        "info", description="How much is logged."
    )
