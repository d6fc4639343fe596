"""What only a folder can do to its reader: links, pipes, half-written files, bytes for names."""

import io
import os
import socket
import stat
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import pytest

from shared.errors import (
    ConfigurationError,
    ObjectChanging,
    ObjectGone,
    Reason,
    Rejected,
    TransientError,
)
from shared.records import ObjectRef
from shared.storage import leases
from shared.storage.folder import FolderStore
from shared.storage.leases import is_being_written

linux = pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells")


@pytest.fixture
def root(tmp_path):
    (tmp_path / "root").mkdir()
    return tmp_path / "root"


@pytest.fixture
def store(root):
    return FolderStore(root)


def write(path: Path, data: bytes = b"bytes") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return path


def listed(store: FolderStore) -> dict[tuple[str, str], int]:
    return {
        (found.ref.bucket, found.ref.key): found.size
        for bucket in store.buckets()
        for found in store.list(bucket)
    }


def refused(store: FolderStore, bucket: str, key: str) -> Reason:
    """Why a listed object is rejected; stat and listing must agree on its state."""
    ref = ObjectRef(bucket, key)
    (found,) = [found for found in store.list(bucket) if found.ref == ref]
    assert store.stat(ref) == found
    with pytest.raises(Rejected) as rejection:
        store.read(ref, 100)
    return rejection.value.reason


def is_nothing(store: FolderStore, bucket: str, key: str) -> bool:
    """Whether neither listing, stat nor read knows of an object."""
    ref = ObjectRef(bucket, key)
    assert ref not in [found.ref for found in store.list(bucket)]
    for look in (store.stat, lambda ref: store.read(ref, 100)):
        with pytest.raises(ObjectGone):
            look(ref)
    return True


# Places


def test_files_at_the_top_are_in_the_bucket_pictures_and_folders_are_buckets(root, store):
    write(root / "top.jpg", b"1")
    write(root / "cats/a.jpg", b"22")
    write(root / "cats/deep/b.jpg", b"333")
    write(root / "pictures/c.jpg", b"4444")
    (root / "empty").mkdir()
    assert store.buckets() == ["cats", "empty", "pictures"]
    assert listed(store) == {
        ("pictures", "top.jpg"): 1,
        ("cats", "a.jpg"): 2,
        ("cats", "deep/b.jpg"): 3,
        ("pictures", "pictures/c.jpg"): 4,
    }
    assert store.read(ObjectRef("pictures", "pictures/c.jpg"), 9).data == b"4444"
    assert is_nothing(store, "pictures", "cats/a.jpg")
    assert is_nothing(store, "pictures", "c.jpg")


def test_every_listed_object_lies_where_its_name_says(root, store):
    for name in ("a", "cats/a", "cats/b/c", "pictures/a", "pictures/b/c", "cats/pictures/a"):
        path = write(root / name)
        ref = store.places.ref(path)
        assert store.places.path(ref) == path
        assert (ref.bucket, ref.key) in listed(store)


def test_seenits_own_state_is_never_an_object(root):
    store = FolderStore(root, hidden=root / "cats" / "state")
    write(root / ".seenit/catalog.db")
    write(root / "cats/state/catalog.db")
    write(root / "cats/state.jpg")
    assert store.buckets() == ["cats", "pictures"]
    assert list(listed(store)) == [("cats", "state.jpg")]
    for bucket, key in [(".seenit", "catalog.db"), ("cats", "state/catalog.db")]:
        assert is_nothing(store, bucket, key)
        assert not store.remove(ObjectRef(bucket, key))
        with pytest.raises(Rejected):
            store.put(ObjectRef(bucket, key), io.BytesIO(b"x"))
    assert store.places.ref(root / ".seenit") is None
    assert store.places.ref(root / "cats/state/x") is None
    assert (root / ".seenit/catalog.db").exists()


def test_a_state_folder_above_the_pictures_hides_nothing_of_them(root):
    write(root / "a.jpg")
    assert list(listed(FolderStore(root, hidden=root.parent))) == [("pictures", "a.jpg")]


def test_state_right_among_the_pictures_and_a_folder_that_is_none_are_refused(root):
    with pytest.raises(ConfigurationError, match="DATA_DIR"):
        FolderStore(root, hidden=root)
    with pytest.raises(ConfigurationError, match="STORAGE_URL"):
        FolderStore(write(root / "file"))


HOSTILE = [
    ("..", "secret"),
    (".", "a.jpg"),
    ("", "a.jpg"),
    ("cats/..", "a.jpg"),
    ("/etc", "passwd"),
    ("cats\0", "a"),
    ("cats", "a\0.jpg"),
    ("cats", "../../secret"),
    ("cats", "/etc/passwd"),
    ("pictures", "../secret"),
    ("cats", "\ud800"),
    ("\ud800", "a"),
    ("cats", "x" * 300),
    ("cats", "/".join(["x"] * 3000)),
]


@pytest.mark.parametrize(("bucket", "key"), HOSTILE)
def test_no_name_leads_out_of_the_folder(root, store, bucket, key):
    write(root.parent / "secret")
    write(root / "cats/a.jpg")
    ref = ObjectRef(bucket, key)
    assert list(store.list(bucket, "")) in ([], list(store.list("cats")))
    for look in (store.stat, lambda ref: store.read(ref, 100)):
        with pytest.raises(ObjectGone):
            look(ref)
    assert not store.remove(ref)
    with pytest.raises((Rejected, OSError)):
        store.put(ref, io.BytesIO(b"x"))
    assert (root.parent / "secret").read_bytes() == b"bytes"
    assert sorted(path.name for path in root.parent.iterdir()) == ["root", "secret"]


@pytest.mark.parametrize("bucket", ["..", ".", "", "/", "cats/deep", ".seenit"])
def test_only_a_bucket_can_be_listed(root, store, bucket):
    write(root / "cats/deep/a.jpg")
    write(root / ".seenit/catalog.db")
    write(root.parent / "secret")
    assert list(store.list(bucket)) == []


def test_a_name_that_is_not_utf8_is_listed_and_rejected(root, store):
    (root / "cats/\udcff").mkdir(parents=True)
    for name in (b"/cats/\xff/a.jpg", b"/cats/a\x80.jpg", b"/\xfe.jpg"):
        Path(os.fsdecode(os.fsencode(root) + name)).write_bytes(b"x")
    assert [found.ref.key_bytes for found in store.list("cats")] == [b"a\x80.jpg", b"\xff/a.jpg"]
    assert refused(store, "cats", "\udcff/a.jpg") is Reason.BAD_KEY
    assert refused(store, "pictures", "\udcfe.jpg") is Reason.BAD_KEY


def test_a_bucket_whose_name_is_not_utf8_has_its_objects_rejected(root, store):
    write(root / "\udcff" / "a.jpg")
    assert store.buckets() == ["pictures", "\udcff"]
    assert refused(store, "\udcff", "a.jpg") is Reason.BAD_KEY


def test_a_name_longer_than_a_key_may_be_is_rejected(root, store):
    long = "/".join(["x" * 250] * 5)
    write(root / "cats" / long)
    assert refused(store, "cats", long) is Reason.BAD_KEY


def test_trees_deeper_than_pythons_stack_are_listed(root, store):
    place = os.open(root, os.O_RDONLY)
    for name in ["cats"] + ["d"] * 1100:
        os.mkdir(name, dir_fd=place)
        below = os.open(name, os.O_RDONLY, dir_fd=place)
        os.close(place)
        place = below
    os.close(os.open("a.jpg", os.O_CREAT | os.O_WRONLY, dir_fd=place))
    os.close(place)
    (found,) = store.list("cats")
    assert found.ref.key == "d/" * 1100 + "a.jpg"
    subprocess.run(["rm", "-rf", str(root / "cats")], check=True)


# Links and other files


def test_a_link_out_of_the_folder_is_rejected_wherever_it_leads(root, store):
    write(root.parent / "outside/secret", b"secret bytes")
    (root / "cats").mkdir()
    (root / "cats/file").symlink_to(root.parent / "outside/secret")
    (root / "cats/folder").symlink_to(root.parent / "outside")
    (root / "cats/nothing").symlink_to(root.parent / "nowhere")
    (root / "bucket").symlink_to(root.parent / "outside")
    for key in ("file", "folder", "nothing"):
        assert refused(store, "cats", key) is Reason.OUTSIDE_FOLDER
    assert refused(store, "pictures", "bucket") is Reason.OUTSIDE_FOLDER
    assert set(listed(store).values()) == {0}, "not even a size is told"


def test_a_link_to_the_state_is_rejected(root, store):
    write(root / ".seenit/catalog.db")
    (root / "link").symlink_to(root / ".seenit/catalog.db")
    assert refused(store, "pictures", "link") is Reason.OUTSIDE_FOLDER


def test_a_link_to_a_file_inside_is_that_file_once_more(root, store):
    write(root / "cats/a.jpg", b"meow")
    (root / "link.jpg").symlink_to(root / "cats/a.jpg")
    (root / "further.jpg").symlink_to("link.jpg")
    for key in ("link.jpg", "further.jpg"):
        ref = ObjectRef("pictures", key)
        assert store.read(ref, 100).data == b"meow"
        assert store.stat(ref) in list(store.list("pictures"))


def test_a_link_that_leads_nowhere_or_in_a_circle_is_nothing(root, store):
    (root / "broken").symlink_to("not-there")
    (root / "one").symlink_to("two")
    (root / "two").symlink_to("one")
    (root / "self").symlink_to("self")
    for key in ("broken", "one", "two", "self"):
        assert is_nothing(store, "pictures", key)


def test_below_a_linked_folder_there_is_nothing_neither_to_read_nor_to_change(root, store):
    write(root.parent / "outside/a.jpg")
    write(root / "cats/a.jpg")
    (root / "in").symlink_to("cats")
    (root / "out").symlink_to(root.parent / "outside")
    (root / "cats/up").symlink_to(root)
    for bucket, key in [("in", "a.jpg"), ("out", "a.jpg"), ("cats", "up/cats/a.jpg")]:
        assert is_nothing(store, bucket, key)
        assert not store.remove(ObjectRef(bucket, key))
        with pytest.raises(Rejected):
            store.put(ObjectRef(bucket, key), io.BytesIO(b"x"))
    assert is_nothing(store, "cats", "up")
    assert (root.parent / "outside/a.jpg").read_bytes() == b"bytes"
    assert store.buckets() == ["cats", "pictures"]


def test_a_folder_that_becomes_a_link_out_shows_nothing_more(root, store):
    write(root / "cats/deep/a.jpg")
    write(root.parent / "outside/a.jpg", b"secret")
    ref = ObjectRef("cats", "deep/a.jpg")
    assert store.read(ref, 100).data == b"bytes"
    (root / "cats/deep").rename(root / "cats/old")
    (root / "cats/deep").symlink_to(root.parent / "outside")
    assert is_nothing(store, "cats", "deep/a.jpg")


def test_pipes_sockets_and_devices_are_rejected_without_waiting(root, store):
    os.mkfifo(root / "pipe.jpg")
    with socket.socket(socket.AF_UNIX) as plug:
        plug.bind(str(root / "plug.jpg"))
        assert refused(store, "pictures", "pipe.jpg") is Reason.NOT_A_FILE
        assert refused(store, "pictures", "plug.jpg") is Reason.NOT_A_FILE


LOOK = """
import os, sys
from pathlib import Path
from shared.errors import SeenitError
from shared.storage.folder import FolderStore

def told(look):
    try:
        return look()
    except SeenitError as error:
        return f"{type(error).__name__} {getattr(error, 'reason', '')}"

store = FolderStore(Path(sys.argv[1]))
"""

NOBODY = "os.setgroups([]); os.setgid(65534); os.setuid(65534)"


def as_nobody(root: Path, statements: str) -> list[str]:
    """Run statements on `store` as a user who owns nothing; returns the lines they print."""
    become = NOBODY if os.geteuid() == 0 else ""
    for folder in (root.parent, *root.parent.parents):
        if folder.stat().st_uid == os.geteuid() and folder != Path("/"):
            folder.chmod(folder.stat().st_mode | stat.S_IXOTH)
    done = subprocess.run(
        [sys.executable, "-c", f"{LOOK}\n{become}\n{statements}", str(root)],
        env=os.environ | {"PYTHONPATH": os.pathsep.join(path for path in sys.path if path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def test_a_file_that_may_not_be_read_is_listed_and_rejected(root):
    write(root / "cats/locked.jpg").chmod(0)
    lines = as_nobody(
        root,
        """
(found,) = store.list("cats")
print(store.stat(found.ref) == found)
print(told(lambda: store.read(found.ref, 100)))
""",
    )
    assert lines == ["True", "Rejected unreadable"]


def test_a_folder_that_may_not_be_looked_into_is_left_out(root):
    write(root / "cats/locked/a.jpg")
    write(root / "cats/open.jpg")
    (root / "cats/locked").chmod(0)
    assert as_nobody(root, "print(*(found.ref.key for found in store.list('cats')))") == [
        "open.jpg"
    ]


def test_a_root_that_may_not_be_looked_into_is_trouble_not_empty(root):
    write(root / "cats/a.jpg")
    root.chmod(0o711)
    lines = as_nobody(
        root,
        """
print(told(store.buckets))
print(told(lambda: list(store.list("pictures"))))
print(told(lambda: list(store.list("cats"))))
""",
    )
    assert lines == ["TransientError "] * 3


# Files that change


def test_what_vanishes_while_it_is_listed_is_left_out(root, store):
    for key in ("a", "b/c", "d"):
        write(root / "cats" / key)
    listing = store.list("cats")
    assert next(listing).ref.key == "a"
    (root / "cats/b/c").unlink()
    (root / "cats/b").rmdir()
    (root / "cats/d").unlink()
    assert list(listing) == []


def test_a_root_that_is_not_there_is_trouble_and_nothing_is_gone(root, store):
    write(root / "cats/a.jpg")
    listing = store.list("cats")
    next(listing)
    root.rename(root.parent / "elsewhere")
    ref = ObjectRef("cats", "a.jpg")
    for look in (
        lambda: list(listing),
        lambda: list(store.list("cats")),
        store.buckets,
        lambda: store.stat(ref),
        lambda: store.read(ref, 100),
    ):
        with pytest.raises(TransientError, match="store"):
            look()
    (root.parent / "elsewhere").rename(root)
    assert store.read(ref, 100).data == b"bytes"


def test_a_file_that_was_changed_just_now_is_left_to_settle(root):
    store = FolderStore(root, settle_s=100)
    path = write(root / "a.jpg")
    ref = ObjectRef("pictures", "a.jpg")
    with pytest.raises(ObjectChanging):
        store.read(ref, 100)
    os.utime(path, (time.time() - 200, time.time() - 200))
    assert store.read(ref, 100).data == b"bytes"


@linux
def test_a_file_that_another_process_has_open_for_writing_is_left_alone(root, store):
    path = write(root / "a.jpg", b"half")
    ref = ObjectRef("pictures", "a.jpg")
    hold = f"file = open({str(path)!r}, 'ab'); print('open', flush=True); input()"
    with subprocess.Popen(
        [sys.executable, "-c", hold], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as writer:
        assert writer.stdout.readline() == b"open\n"
        os.utime(path, (1, 1))  # however old it claims to be
        with pytest.raises(ObjectChanging):
            store.read(ref, 100)
        writer.communicate(b"\n")
    assert store.read(ref, 100).data == b"half"


LEASES = """
import os, sys
from shared.storage.leases import is_being_written
print("ready", flush=True)
seen = False
descriptor = os.open(sys.argv[1], os.O_RDONLY)
for n in range(200_000):
    seen |= is_being_written(descriptor)
print("survived", seen, flush=True)
"""


@linux
def test_asking_ends_neither_us_nor_the_writer_that_comes_in_between(root):
    path = write(root / "a.jpg")
    paths = os.pathsep.join(path for path in sys.path if path)
    with subprocess.Popen(
        [sys.executable, "-c", LEASES, str(path)],
        stdout=subprocess.PIPE,
        env=os.environ | {"PYTHONPATH": paths},
    ) as asking:
        assert asking.stdout.readline() == b"ready\n"
        while asking.poll() is None:
            for _ in range(100):
                os.close(os.open(path, os.O_WRONLY))
        assert asking.returncode == 0, "a signal ended it"
        assert asking.stdout.read() == b"survived True\n"


@linux
def test_a_reader_does_not_count_as_a_writer(root):
    with write(root / "a.jpg").open("rb") as file, (root / "a.jpg").open("rb"):
        assert not is_being_written(file.fileno())


@pytest.mark.parametrize("data", [b"BYTES", b"bytes and more", b"byt"])
def test_what_changes_while_it_is_read_is_not_taken_for_either(root, store, monkeypatch, data):
    """Where the system does not tell of writers, the file's state before and after does."""
    path = write(root / "a.jpg", b"bytes")
    os.utime(path, (1, 1))

    def changes(_: int) -> bool:
        path.write_bytes(data)
        return False

    with monkeypatch.context() as untold:
        untold.setattr(leases, "is_being_written", changes)
        with pytest.raises(ObjectChanging):
            store.read(ObjectRef("pictures", "a.jpg"), 100)
    assert store.read(ObjectRef("pictures", "a.jpg"), 100).data == data


def test_no_mixture_of_two_contents_is_ever_read(root, store):
    """Someone overwrites a file in place, again and again; what is read is whole."""
    path = write(root / "a.jpg", b"0" * 300_000)
    ref = ObjectRef("pictures", "a.jpg")
    over = threading.Event()

    def overwrite() -> None:
        turn = 0
        while not over.is_set():
            turn += 1
            with path.open("r+b", buffering=0) as file:
                for _ in range(10):
                    file.write(b"%d" % (turn % 10) * 30_000)
            time.sleep(0.002)

    writer = threading.Thread(target=overwrite)
    writer.start()
    contents, changing = set(), 0
    try:
        while len(contents) < 5 or not changing:
            try:
                contents.add(bytes(sorted(set(store.read(ref, 10**6).data))))
            except ObjectChanging:
                changing += 1
    finally:
        over.set()
        writer.join()
    assert {len(content) for content in contents} == {1}


def test_a_file_that_is_replaced_with_its_old_time_put_back_has_another_etag(root, store):
    path = write(root / "a.jpg", b"old")
    ref = ObjectRef("pictures", "a.jpg")
    os.utime(path, (1, 1))
    before = store.stat(ref)
    path.write_bytes(b"new")
    os.utime(path, (1, 1))
    after = store.stat(ref)
    assert (after.size, after.last_modified) == (before.size, before.last_modified)
    assert after.etag != before.etag


@pytest.mark.parametrize("moment", [-1, -(10**9), 10**10, 253_402_300_800, 10**15])
def test_a_file_may_claim_any_time(store, root, moment):
    path = write(root / "a.jpg")
    os.utime(path, (moment, moment))
    assert store.stat(ObjectRef("pictures", "a.jpg")).last_modified.tzinfo is not None
    assert len(list(store.list("pictures"))) == 1


@pytest.mark.skipif(not Path("/dev/shm").is_dir(), reason="needs a memory file system")
def test_times_beyond_the_calendar_are_its_end():
    """Few file systems keep such times; a memory file system does."""
    with tempfile.TemporaryDirectory(dir="/dev/shm") as folder:
        os.utime(write(Path(folder) / "a.jpg"), (10**13, 10**13))
        (found,) = FolderStore(Path(folder)).list("pictures")
        assert found.last_modified.year == 9999


# User keys, and what `put` leaves behind


@linux
def test_a_user_key_goes_with_the_file_where_it_is_renamed_to(root, store):
    store.put(ObjectRef("cats", "a.jpg"), io.BytesIO(b"x"), "sku \u00e9 1")
    (root / "cats/a.jpg").rename(root / "b.jpg")
    assert store.stat(ObjectRef("pictures", "b.jpg")).user_key == "sku \u00e9 1"
    before = store.stat(ObjectRef("pictures", "b.jpg")).etag
    os.setxattr(root / "b.jpg", "user.seenit.key", b"other")
    after = store.stat(ObjectRef("pictures", "b.jpg"))
    assert after.user_key == "other"
    assert after.etag != before, "so that the catalog learns of it"


def test_putting_leaves_nothing_but_the_file_readable_for_all(root, store):
    store.put(ObjectRef("cats", "deep/a.jpg"), io.BytesIO(b"x"))
    assert stat.S_IMODE((root / "cats/deep/a.jpg").stat().st_mode) == 0o644
    assert list((root / ".seenit").iterdir()) == []
    with pytest.raises(Rejected, match="in the way"):
        store.put(ObjectRef("cats", "deep"), io.BytesIO(b"x"))
    with pytest.raises(Rejected, match="in the way"):
        store.put(ObjectRef("cats", "deep/a.jpg/b.jpg"), io.BytesIO(b"x"))
    assert list((root / ".seenit").iterdir()) == []
    assert not store.remove(ObjectRef("cats", "deep"))
    assert not store.remove(ObjectRef("cats", "deep/a.jpg/b.jpg"))
