"""`s3://host:9000?secure=false&region=us-east-1`, and the paths below it. No I/O."""

from dataclasses import dataclass
from urllib.parse import parse_qsl, quote, urlsplit

from shared.errors import ConfigurationError

OPTION = "SEENIT_STORAGE_URL"
USUAL_REGION = "us-east-1"
_SECURE = {"true": True, "false": False}


@dataclass(frozen=True, slots=True)
class Address:
    """Where an S3 store listens.

    Attributes:
        region: takes part in every signature; MinIO accepts any unless it has one configured.
    """

    host: str
    port: int
    secure: bool = True
    region: str = USUAL_REGION

    @property
    def scheme(self) -> str:
        """`https` or `http`."""
        return "https" if self.secure else "http"

    @property
    def netloc(self) -> str:
        """Host and port as they are signed: a scheme's own port is left out."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        usual = 443 if self.secure else 80
        return host if self.port == usual else f"{host}:{self.port}"


def storage_address(url: str) -> Address:
    """Read `s3://host:port?secure=true|false&region=name`; TLS unless `secure=false`.

    Raises:
        ConfigurationError: it says anything else.
    """
    parts = urlsplit(url)
    options = dict(parse_qsl(parts.query, keep_blank_values=True))
    secure = _SECURE.get(options.pop("secure", "true"))
    region = options.pop("region", USUAL_REGION)
    if parts.username is not None or parts.path not in {"", "/"}:
        problem = "names a host only; keys and buckets have settings of their own"
        raise ConfigurationError(OPTION, problem)
    if options or secure is None or not region or not parts.hostname:
        raise ConfigurationError(OPTION, "must be s3://host:port?secure=true|false&region=name")
    return Address(parts.hostname, parts.port or (443 if secure else 80), secure, region)


def public_address(url: str, region: str) -> Address:
    """Read `https://host:port`, under which browsers reach the store.

    Raises:
        ConfigurationError: it has more; a signature covers the whole path, so none may be added.
    """
    parts = urlsplit(url)
    if parts.path not in {"", "/"} or parts.query or parts.username is not None:
        raise ConfigurationError("SEENIT_PUBLIC_S3_URL", "must be http(s)://host:port and no more")
    secure = parts.scheme == "https"
    return Address(parts.hostname or "", parts.port or (443 if secure else 80), secure, region)


def path_of(bucket: str, key: str | None = None) -> str:
    """Write the path of a bucket or an object, percent-encoded as signatures want it."""
    return f"/{bucket}" if key is None else f"/{bucket}/{quote(key, safe='/~')}"
