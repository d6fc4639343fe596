"""What changes in the folder is soon seen through the API; how soon is told, not judged."""

import hashlib
import os
import shutil
import time
from urllib.parse import quote

import pytest

from tests.system.conftest import Pictures
from tests.system.judge import disagreements
from tests.system.running import Running, eventually, eventually_nothing


def digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


class Watched:
    """A folder with the process that watches it."""

    def __init__(self, folder, running, latency) -> None:
        self.folder = folder
        self._running = running
        self._latency = latency

    def state(self, place: str) -> str:
        reply = self._running.get(f"/v1/objects/{quote(place)}")
        return reply.json()["state"] if reply.status_code == 200 else "unknown"

    def held(self, place: str) -> str | None:
        """The image at `bucket/key`, as the API says."""
        reply = self._running.get(f"/v1/objects/{quote(place)}")
        return reply.json()["image_id"] if reply.status_code == 200 else None

    def objects(self, image_id: str) -> set[str]:
        reply = self._running.get(f"/v1/images/{image_id}")
        found = reply.json()["objects"] if reply.status_code == 200 else []
        return {f"{each['bucket']}/{each['key']}" for each in found}

    def becomes(self, what: str, expected: dict[str, str | None]) -> None:
        """Wait until each place holds what is expected; note how long it took."""
        began = time.monotonic()
        eventually(lambda: {place: self.held(place) for place in expected} == expected)
        self._latency(what, time.monotonic() - began)


@pytest.fixture(scope="module")
def running(tmp_path_factory):
    folder = tmp_path_factory.mktemp("live")
    Pictures(7).fill(folder, 10)
    running = Running("up", folder, cwd=folder.parent)
    running.folder = folder
    running.ready()
    yield running
    running.end()


@pytest.fixture
def watched(running, latency):
    yield Watched(running.folder, running, latency)
    eventually_nothing(lambda: disagreements(running.folder))


def test_a_new_file_is_indexed(watched, pictures):
    data = pictures.one()
    (watched.folder / "new.jpg").write_bytes(data)
    watched.becomes("new file", {"pictures/new.jpg": digest(data)})


def test_an_overwritten_file_holds_its_new_picture_only(watched, pictures):
    path = watched.folder / "bucket 0" / "0" / "0.jpg"
    before, data = digest(path.read_bytes()), pictures.one()
    path.write_bytes(data)
    watched.becomes("overwritten file", {"bucket 0/0/0.jpg": digest(data)})
    assert watched.objects(before) == set()


def test_a_file_replaced_with_its_old_time_kept_is_noticed(watched, pictures):
    path = watched.folder / "bucket 1" / "1" / "1.jpg"
    times = path.stat()
    data = pictures.one()
    staged = watched.folder.parent / "staged.jpg"
    staged.write_bytes(data)
    os.utime(staged, ns=(times.st_atime_ns, times.st_mtime_ns))
    staged.rename(path)
    watched.becomes("replaced, old time kept", {"bucket 1/1/1.jpg": digest(data)})


def test_a_renamed_file_moves(watched):
    path = watched.folder / "bucket 2" / "2" / "2.jpg"
    held = digest(path.read_bytes())
    path.rename(path.with_name("moved ♥.jpg"))
    watched.becomes("renamed file", {"bucket 2/2/2.jpg": None, "bucket 2/2/moved ♥.jpg": held})


def test_a_renamed_folder_moves_all_it_holds(watched):
    files = sorted(path for path in (watched.folder / "bucket 3").rglob("*") if path.is_file())
    names = {
        path.relative_to(watched.folder / "bucket 3"): digest(path.read_bytes()) for path in files
    }
    assert len(names) == 2
    (watched.folder / "bucket 3").rename(watched.folder / "elsewhere")
    watched.becomes(
        "renamed folder",
        {f"bucket 3/{name}": None for name in names}
        | {f"elsewhere/{name}": held for name, held in names.items()},
    )


def test_a_removed_file_is_forgotten(watched, pictures):
    data = pictures.one()
    path = watched.folder / "short-lived.jpg"
    path.write_bytes(data)
    watched.becomes("new file", {"pictures/short-lived.jpg": digest(data)})
    path.unlink()
    watched.becomes("removed file", {"pictures/short-lived.jpg": None})
    assert watched.objects(digest(data)) == set()


def test_a_removed_folder_is_forgotten(watched, pictures):
    data = pictures.one()
    (watched.folder / "gone" / "deep").mkdir(parents=True)
    (watched.folder / "gone" / "deep" / "a.jpg").write_bytes(data)
    watched.becomes("new file in new folders", {"gone/deep/a.jpg": digest(data)})
    shutil.rmtree(watched.folder / "gone")
    watched.becomes("removed folder", {"gone/deep/a.jpg": None})


def test_a_copy_is_one_image_with_two_objects(watched, pictures):
    data = pictures.one()
    (watched.folder / "one.jpg").write_bytes(data)
    watched.becomes("new file", {"pictures/one.jpg": digest(data)})
    shutil.copy(watched.folder / "one.jpg", watched.folder / "bucket 4" / "two.jpg")
    watched.becomes("copied file", {"bucket 4/two.jpg": digest(data)})
    assert watched.objects(digest(data)) == {"pictures/one.jpg", "bucket 4/two.jpg"}


def test_a_file_being_written_is_not_indexed_half(watched, pictures):
    data = pictures.jpeg(pictures.originals[0].resize((400, 300)))
    cut = len(data) // 8
    with (watched.folder / "slow.jpg").open("wb", buffering=0) as file:
        for begin in range(0, 7 * cut, cut):
            file.write(data[begin : begin + cut])
            time.sleep(0.4)  # longer than a file must lie still before it is read
            assert watched.state("pictures/slow.jpg") == "unknown"
        file.write(data[7 * cut :])
    watched.becomes("slowly written file, from its end", {"pictures/slow.jpg": digest(data)})
