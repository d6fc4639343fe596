"""The project's Prometheus and dashboard on a real worker and a real search API."""

import itertools
from io import BytesIO

import httpx
from minio import Minio  # noqa: TID251 - plays the user

from tests.monitoring.places import alerts, recorded
from tests.monitoring.promql import selectors
from tests.monitoring.test_dashboard import SHOWN
from tests.monitoring.watching import Watch
from tests.system.running import PATIENCE_S, Running, Worker, eventually_nothing, heard

RARE = ("status", "alertstate")  # labels of what does not happen where all is well


def panels() -> dict[str, str]:
    """The queries of the dashboard as it lies there, by panel and legend."""
    return {
        f"{panel['id']} {panel['title']} / {target['legendFormat']}": target["expr"].replace(
            "$__rate_interval", "1m"
        )
        for panel in SHOWN["panels"]
        for target in panel.get("targets", [])
    }


def asked_by_rules() -> list[str]:
    """What the rules ask for and a system that is well tells too."""
    rules = [*recorded().values(), *(rule["expr"] for rule in alerts().values())]
    asked = [selector for rule in rules for selector in selectors(rule)]
    return sorted({each.text for each in asked if not each.labels & {*RARE}})


class Users:
    """They put pictures, and what is none, into the bucket, and search."""

    def __init__(self, settings: dict[str, str], search: Running, pictures) -> None:
        host = settings["storage_url"].removeprefix("s3://").partition("?")[0]
        keys = settings["s3_access_key"], settings["s3_secret_key"]
        self._client = Minio(host, *keys, secure=False)
        self._bucket = settings["buckets"]
        self._search = search.address()
        self._pictures = pictures
        self._count = 0

    def act(self) -> None:
        self._count += 1
        self._put(f"{self._count}.jpg", self._pictures.one())
        self._put(f"{self._count}.txt", b"this is no picture %d" % self._count)
        self._find(self._pictures.one(), 200)
        self._find(b"this is no picture", 415)

    def _put(self, key: str, data: bytes) -> None:
        self._client.put_object(self._bucket, key, BytesIO(data), len(data))

    def _find(self, data: bytes, status: int) -> None:
        url = f"{self._search}/v1/search"
        reply = heard(lambda: httpx.post(url, files={"image": data}, timeout=PATIENCE_S))
        assert reply.status_code == status, reply.text


def test_every_panel_shows_something_and_every_rule_is_answered_and_no_alert_fires(
    ready_settings, tmp_path, pictures
):
    worker = Worker(tmp_path, **ready_settings | {"worker_port": 0, "reconcile_s": 1})
    search = Running("serve", cwd=tmp_path, **ready_settings)
    try:
        users = Users(ready_settings, search, pictures)
        targets = {
            "seenit-worker": [worker.address().removeprefix("http://")],
            "seenit-api": [search.address().removeprefix("http://")],
        }
        with Watch(tmp_path / "watch", targets) as watch:
            wanted = panels() | {text: text for text in asked_by_rules()}

            def silent() -> list[str]:
                users.act()
                nothing = (name for name, query in wanted.items() if not watch.values(query))
                return [*itertools.islice(nothing, 1)]  # the others are asked for once it is there

            eventually_nothing(silent)
            assert watch.targets() == {"seenit-worker": "up", "seenit-api": "up"}
            assert watch.faulty_rules() == []
            assert watch.firing() == set()
    finally:
        worker.end()
        search.end()
