"""Addresses of parts."""

from pathlib import Path

import pytest

from shared.addresses import sqlite_file
from shared.vectors.open import open_index


@pytest.mark.parametrize("name", ["plain.db", "100% #1?.db", "with space.db", "ünïcode.db"])
def test_catalog_and_index_take_a_sqlite_address_literally_and_open_the_same_file(tmp_path, name):
    url = f"sqlite:///{tmp_path / name}"

    open_index(url, "model", 4).close()

    assert sqlite_file(url) == tmp_path / name
    assert (tmp_path / name).is_file()


def test_a_relative_sqlite_address_stays_relative():
    assert sqlite_file("sqlite:///state/catalog.db") == Path("state/catalog.db")


def test_an_address_of_a_server_names_no_file():
    assert sqlite_file("mysql://user@host/seenit") is None
