"""Kafka 3.9, one node that is broker and controller, from Maven's artifacts."""

from collections.abc import Mapping
from pathlib import Path
from urllib.parse import quote

from stack.programs import find, kept, run
from stack.service import Command, accepts, free_ports

_VERSION = "3.9.1"
_LIBRARIES = "".join(
    f"<dependency><groupId>org.apache.kafka</groupId><artifactId>{name}</artifactId>"
    f"<version>{_VERSION}</version></dependency>"
    for name in ("kafka_2.13", "kafka-tools")
)
_POM = f"""<project>
<modelVersion>4.0.0</modelVersion>
<groupId>seenit</groupId><artifactId>kafka</artifactId><version>1</version>
<packaging>pom</packaging>
<dependencies>{_LIBRARIES}</dependencies>
</project>
"""
_CLUSTER = "c2Vlbml0LXN0YWNrLTAwMQ"
_LOGGING = """log4j.rootLogger=WARN, console
log4j.appender.console=org.apache.log4j.ConsoleAppender
log4j.appender.console.layout=org.apache.log4j.PatternLayout
log4j.appender.console.layout.ConversionPattern=[%d] %p %m (%c)%n
"""
# A node of a few topics: a small heap, and no time spent on compiling for the long run.
_JAVA = ("-Xms96m", "-Xmx512m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1")


class Kafka:
    """The log of notifications. Topics are made by hand only, so that a wrong name is an error.

    Args:
        port: where it listens.

    Attributes:
        upstream: `host:port` of a second listener, for a TCP proxy; those who come by it are told
            to come back by `proxy`.
        proxy: `host:port` where that proxy must listen.
    """

    name = "kafka"
    patience_s = 120.0

    def __init__(self, port: int) -> None:
        self.address = f"127.0.0.1:{port}"
        self.settings: Mapping[str, str] = {"SEENIT_KAFKA_URL": f"kafka://{self.address}"}
        self.upstream, self.proxy, self._controller = (
            f"127.0.0.1:{free}" for free in free_ports(3)
        )

    def obtain(self) -> None:
        """Have Java and the jars; see `stack.service.Service`."""
        find("java", "default-jre-headless")
        kept(f"kafka-{_VERSION}", _fetch)

    def prepare(self, data: Path) -> Command:
        """Have the jars and format the data; see `stack.service.Service`."""
        java = find("java", "default-jre-headless")
        libraries = kept(f"kafka-{_VERSION}", _fetch)
        (data / "log4j.properties").write_text(_LOGGING)
        properties = data / "server.properties"
        properties.write_text(self._properties(data))
        command = [java, *_JAVA, f"-Dlog4j.configuration=file:{quote(str(data))}/log4j.properties"]
        command += ["-cp", f"{libraries}/*"]
        if not (data / "topics" / "meta.properties").exists():
            storage = [*command, "kafka.tools.StorageTool", "format", "--cluster-id", _CLUSTER]
            run([*storage, "--config", properties])
        return Command([*command, "kafka.Kafka", str(properties)])

    def ready(self) -> bool:
        """Tell whether it takes connections, which it does once it may lead partitions."""
        return accepts(self.address)

    def _properties(self, data: Path) -> str:
        settings = {
            "process.roles": "broker,controller",
            "node.id": 1,
            "controller.quorum.voters": f"1@{self._controller}",
            "controller.listener.names": "CONTROLLER",
            "inter.broker.listener.name": "PLAIN",
            "listeners": f"PLAIN://{self.address},PROXY://{self.upstream},CONTROLLER://{self._controller}",
            "advertised.listeners": f"PLAIN://{self.address},PROXY://{self.proxy}",
            "listener.security.protocol.map": ",".join(
                f"{name}:PLAINTEXT" for name in ("PLAIN", "PROXY", "CONTROLLER")
            ),
            "log.dirs": data / "topics",
            "auto.create.topics.enable": "false",
            "offsets.topic.replication.factor": 1,
            "offsets.topic.num.partitions": 4,
            "transaction.state.log.replication.factor": 1,
            "transaction.state.log.min.isr": 1,
            "group.initial.rebalance.delay.ms": 0,
            # A restart waits until the last one's session has ended: 9 seconds by default.
            "broker.session.timeout.ms": 2000,
            "broker.heartbeat.interval.ms": 500,
            "num.network.threads": 2,
            "num.io.threads": 2,
            "log.cleaner.dedupe.buffer.size": 4 << 20,
        }
        return "".join(f"{name}={value}\n" for name, value in settings.items())


def _fetch(folder: Path) -> None:
    mvn = find("mvn", "maven")
    pom = folder / "pom.xml"
    pom.write_text(_POM)
    copy = ["dependency:copy-dependencies", f"-DoutputDirectory={folder}"]
    run([mvn, "--quiet", "--batch-mode", "--file", pom, *copy])
