"""MySQL with rows locked, read-only, and out of disk; killed ones are in test_outages.py."""

import subprocess
import time
from contextlib import contextmanager
from urllib.parse import urlsplit

import pytest

from stack.daemon import Daemon
from stack.mysql import MySQL
from stack.service import free_ports
from tests.faults.places import Place
from tests.system.running import eventually


@pytest.mark.soak
def test_rows_locked_by_another_are_waited_for(new_case):
    case = new_case(14, "MySQL rows locked by another")
    case.load.fill(100)
    case.worker().is_up()
    case.settles()
    connection = case.place.mysql()
    with connection, connection.cursor() as cursor:
        cursor.execute("SET GLOBAL innodb_lock_wait_timeout = 1")  # of connections made from now on
        cursor.execute("BEGIN")
        cursor.execute("SELECT * FROM objects FOR UPDATE")
        assert len(cursor.fetchall()) == 100
        case.load.overwrite(case.load.listed()[:50])
        eventually(lambda: case.judge.lag() >= 50)
        time.sleep(3)
        assert case.judge.lag() >= 50
        cursor.execute("ROLLBACK")
        cursor.execute("SET GLOBAL innodb_lock_wait_timeout = 50")
    case.settles()
    assert case.observed.rejected == 0
    case.observed.repeats = None


@pytest.mark.soak
def test_a_read_only_mysql_is_waited_for(new_case):
    case = new_case(14, "MySQL read-only for 5 s")
    user = limited_user(case.place)
    worker = case.worker(catalog_url=user)
    worker.is_up()
    case.load.fill(50)
    case.settles()
    with read_only(case.place):
        case.load.fill(50, prefix="more ")
        eventually(lambda: case.judge.lag() >= 50)
        time.sleep(5)
        assert case.judge.lag() >= 50
        assert worker.running
    case.settles()
    assert case.observed.rejected == 0
    case.observed.repeats = None


def limited_user(place: Place) -> str:
    """Make a user who may do everything in the place's database, and nothing to the server."""
    connection = place.mysql()
    with connection, connection.cursor() as cursor:
        cursor.execute(f"CREATE USER '{place.database}'@'%' IDENTIFIED BY 'secret'")
        cursor.execute(f"GRANT ALL ON `{place.database}`.* TO '{place.database}'@'%'")
    parts = urlsplit(place.catalog_url)
    at = f"{place.database}:secret@{parts.hostname}:{parts.port}"
    return parts._replace(netloc=at).geturl()


@contextmanager
def read_only(place: Place):
    connection = place.mysql()
    with connection, connection.cursor() as cursor:
        cursor.execute("SET GLOBAL read_only = 1")
        try:
            yield
        finally:
            cursor.execute("SET GLOBAL read_only = 0")


@pytest.fixture
def small_disk(tmp_path):
    """A disk of 200 MB; a server's files take some 125 MB of it before there is any row."""
    mount = ["mount", "-t", "tmpfs", "-o", "size=200m", "tmpfs", str(tmp_path)]
    if subprocess.run(mount, check=False, capture_output=True).returncode:
        pytest.skip("A SMALL DISK CANNOT BE HAD HERE: only root may mount one")
    yield tmp_path
    subprocess.run(["umount", "--lazy", str(tmp_path)], check=True)


@pytest.mark.soak
def test_a_full_disk_is_waited_for(new_case, small_disk):
    (port,) = free_ports(1)
    mysql = MySQL(port)
    daemon = Daemon(mysql, small_disk, bound=True)
    daemon.start()
    try:
        case = new_case(14, "MySQL's disk full", catalog_url=mysql.settings["SEENIT_CATALOG_URL"])
        worker = case.worker()
        worker.is_up()
        case.load.fill(100)
        case.settles()
        ballast = small_disk / "ballast"
        fill_disk(ballast)
        case.load.fill(3000, prefix="more ")
        time.sleep(10)
        assert case.judge.lag() > 0
        assert worker.running
        ballast.unlink()
        if daemon.pid is None:  # it may not survive that; whoever runs it starts it again
            daemon.start()
        case.settles()
        assert case.observed.rejected == 0
        case.observed.repeats = None
        case.end()
    finally:
        daemon.stop(2)


def fill_disk(path) -> None:
    with path.open("wb") as file:
        try:
            while True:
                file.write(bytes(2**20))
                file.flush()
        except OSError:
            return
