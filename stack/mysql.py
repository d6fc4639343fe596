"""MariaDB, from Debian's package: the MySQL of the stack."""

import os
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path

import pymysql

from stack.programs import find, run
from stack.service import Command

USER = "seenit"
PASSWORD = "seenit-secret"  # noqa: S105 - of a server that only this machine reaches
DATABASE = "seenit"

# Not mariadb-server, which starts a server of its own.
_PACKAGES = ("mariadb-server-core", "mariadb-client-core")
_ADMIN = f"""CREATE DATABASE IF NOT EXISTS {DATABASE} CHARACTER SET utf8mb4;
CREATE USER IF NOT EXISTS {USER}@'%' IDENTIFIED BY '{PASSWORD}';
GRANT ALL PRIVILEGES ON *.* TO {USER}@'%' WITH GRANT OPTION;
"""


class MySQL:
    """The catalog's server. Its user `seenit` may do everything, also make users and databases.

    Args:
        port: where it listens.
    """

    name = "mysql"
    patience_s = 60.0

    def __init__(self, port: int) -> None:
        self._port = port
        self.address = f"127.0.0.1:{port}"
        self.url = f"mysql://{USER}:{PASSWORD}@{self.address}"
        self.settings: Mapping[str, str] = {"SEENIT_CATALOG_URL": f"{self.url}/{DATABASE}"}

    def obtain(self) -> None:
        """Have the program; see `stack.service.Service`."""
        find("mariadbd", *_PACKAGES)

    def prepare(self, data: Path) -> Command:
        """Have the program and make the system's tables; see `stack.service.Service`."""
        server = find("mariadbd", *_PACKAGES)
        # Root must say that it means it; the tests' folders are closed to all others.
        options = ["--no-defaults", *(["--user=root"] if os.geteuid() == 0 else [])]
        # Its own: a server that starts removes the temporary tables of all who share the place.
        temporary = data / "tmp"
        temporary.mkdir(exist_ok=True)
        options += [f"--tmpdir={temporary}"]
        tables = data / "tables"
        if not tables.exists():
            install = find("mariadb-install-db", *_PACKAGES)
            _make(tables, [install, *options])
        (data / "admin.sql").write_text(_ADMIN)
        options += [
            f"--datadir={tables}",
            "--bind-address=127.0.0.1",
            f"--port={self._port}",
            "--skip-name-resolve",
        ]
        options += ["--socket=mysql.sock", f"--init-file={data / 'admin.sql'}"]
        return Command([server, *options])

    def ready(self) -> bool:
        """Tell whether the user can sign in."""
        try:
            self.connect().close()
        except pymysql.err.OperationalError:
            return False
        return True

    def connect(self) -> "pymysql.Connection[pymysql.cursors.Cursor]":
        """Connect as the user that may do everything; the caller closes it."""
        return pymysql.connect(
            host="127.0.0.1",
            port=self._port,
            user=USER,
            password=PASSWORD,
            autocommit=True,
            connect_timeout=5,
        )


def _make(tables: Path, install: Sequence[str]) -> None:
    """Make the system's tables, all of them or none."""
    part = tables.with_name("part")
    shutil.rmtree(part, ignore_errors=True)
    # By force: also where the machine's own name leads nowhere.
    quick = ["--force", "--auth-root-authentication-method=normal", "--skip-test-db"]
    run([*install, f"--datadir={part}", *quick])
    part.replace(tables)
