"""Where Kafka is, as `SEENIT_KAFKA_URL` says it. Nothing is connected here.

`kafka://host:9092,host:9092?tls=true&ca=/path/ca.pem&sasl=SCRAM-SHA-512`, with `user:password@`
before the hosts, percent-encoded, where the cluster asks for it.
"""

import ssl
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

from shared.errors import ConfigurationError

OPTION = "SEENIT_KAFKA_URL"
USUAL_PORT = 9092
MECHANISMS = ("PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512")
_TRUTH = {"true": True, "false": False}


@dataclass(frozen=True)
class Kafka:
    """A cluster and how to sign in.

    Attributes:
        servers: `host:port` of some of its brokers; they name the others.
        mechanism: of SASL; None where nobody signs in.
        tls: the context of encrypted connections; None where they are not.
    """

    servers: tuple[str, ...]
    mechanism: str | None = None
    user: str = ""
    password: str = field(default="", repr=False)
    tls: ssl.SSLContext | None = field(default=None, compare=False)

    @property
    def protocol(self) -> str:
        """Kafka's word for the kind of connection."""
        layers = ("SASL" if self.mechanism else "", "SSL" if self.tls else "PLAINTEXT")
        return "_".join(filter(None, layers))

    def client_options(self) -> dict[str, Any]:
        """Return the keyword arguments with which any client of aiokafka reaches it."""
        options: dict[str, Any] = {
            "bootstrap_servers": list(self.servers),
            "security_protocol": self.protocol,
            "ssl_context": self.tls,
        }
        if self.mechanism:
            options |= {
                "sasl_mechanism": self.mechanism,
                "sasl_plain_username": self.user,
                "sasl_plain_password": self.password,
            }
        return options


def kafka_address(url: str) -> Kafka:
    """Read the address of a Kafka cluster.

    Args:
        url: options are `tls` (true or false, the usual), `ca` (a PEM file of the authorities to
            trust, in place of the system's) and `sasl` (PLAIN, the usual where there is a user,
            SCRAM-SHA-256 or SCRAM-SHA-512).

    Raises:
        ConfigurationError: it is empty or says anything else; secrets are not shown.
    """
    if not url:
        raise ConfigurationError(OPTION, "set it, such as kafka://host:9092")
    parts = _split(url)
    options = dict(parse_qsl(parts.query, keep_blank_values=True))
    signs_in, _, places = parts.netloc.rpartition("@")
    user, _, password = (unquote(part) for part in signs_in.partition(":"))
    tls = _tls(options.pop("tls", "false"), options.pop("ca", None))
    mechanism = _mechanism(options.pop("sasl", None), user, password)
    if options:
        problem = f"there is no option {min(options)!r}; there are tls, ca and sasl"
        raise ConfigurationError(OPTION, problem)
    return Kafka(tuple(map(_server, places.split(","))), mechanism, user, password, tls)


def _split(url: str) -> SplitResult:
    problem = "must be kafka://[user:password@]host:port,…; percent-encode what is odd in them"
    try:
        parts = urlsplit(url)
    except ValueError:
        raise ConfigurationError(OPTION, problem) from None
    if parts.scheme != "kafka" or parts.path not in {"", "/"} or parts.fragment:
        raise ConfigurationError(OPTION, problem)
    return parts


def _server(place: str) -> str:
    try:
        parts = urlsplit(f"kafka://{place}")
        host, port = parts.hostname, USUAL_PORT if parts.port is None else parts.port
    except ValueError:
        host, port = None, 0
    if not host or not port or " " in host:
        raise ConfigurationError(OPTION, "each of its servers must be host:port")
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _tls(wanted: str, authorities: str | None) -> ssl.SSLContext | None:
    if wanted not in _TRUTH:
        raise ConfigurationError(OPTION, "tls must be true or false")
    if not _TRUTH[wanted]:
        if authorities is not None:
            raise ConfigurationError(OPTION, "ca makes sense with tls=true only")
        return None
    if authorities is not None and not Path(authorities).is_file():
        raise ConfigurationError(OPTION, f"ca: there is no file {authorities}")
    try:
        return ssl.create_default_context(cafile=authorities)
    except (ssl.SSLError, OSError):
        raise ConfigurationError(OPTION, f"ca: {authorities} holds no certificates") from None


def _mechanism(named: str | None, user: str, password: str) -> str | None:
    if named is not None and named not in MECHANISMS:
        raise ConfigurationError(OPTION, f"sasl must be one of {', '.join(MECHANISMS)}")
    if bool(user) != bool(password):
        raise ConfigurationError(OPTION, "signing in needs both, user:password@")
    if named is not None and not user:
        raise ConfigurationError(OPTION, "sasl needs user:password@ before the host")
    return (named or "PLAIN") if user else None
