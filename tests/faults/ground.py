"""The services as a case needs them: with their faults."""

import re
from collections.abc import Iterator
from contextlib import closing, contextmanager

from pymilvus.exceptions import MilvusException

from stack.registry import Stack
from stack.toxiproxy import Proxy
from tests.faults.places import Place
from tests.system.running import eventually


class Ground:
    """The stack, and what may befall it."""

    def __init__(self, stack: Stack) -> None:
        self._stack = stack

    @property
    def settings(self) -> dict[str, str]:
        """What leads to the services, by the settings' names without the prefix."""
        return {"notify_arn": "arn:minio:sqs::ingest:kafka"} | {
            name.removeprefix("SEENIT_").lower(): value
            for name, value in self._stack.settings.items()
            if "SEARCH" not in name  # who may read what is none of the faults
        }

    def kill(self, name: str) -> None:
        self._stack.daemons[name].kill()

    def start(self, name: str) -> None:
        self._stack.daemons[name].start()

    def proxied(self, place: Place, **ways: Proxy) -> dict[str, str]:
        """Return those of a place's settings that change where services are reached by proxies."""
        changed = {}
        for name, proxy in ways.items():
            address = self._stack.daemons[name].service.address
            changed |= {
                option: value.replace(address, proxy.address)
                for option, value in place.settings.items()
                if address in value
            }
        return changed

    @contextmanager
    def milvus_refuses_writes(self, place: Place) -> Iterator[None]:
        """Have Milvus answer every write with "quota exceeded", as it does beyond its limits."""
        config = self._stack.daemons["milvus"].log.parent / "milvus" / "configs" / "milvus.yaml"
        before = config.read_text()
        begin, limit, rest = before.partition("limitWriting:")
        rest = re.sub(r"forceDeny: \w+", "forceDeny: true", rest, count=1)
        config.write_text(begin + limit + rest)
        try:
            eventually(lambda: _refuses(place))  # Milvus looks at it every few seconds
            yield
        finally:
            config.write_text(before)


def _refuses(place: Place) -> bool:
    with closing(place.milvus()) as client:
        try:
            client.delete(place.collections(client)[0], ids=["no such image"])
        except MilvusException:
            return True
    return False
