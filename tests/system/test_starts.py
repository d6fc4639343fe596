"""Starts that once hung."""

import sqlite3
import subprocess
import sys
import threading
from contextlib import closing

import pytest

from tests.system.running import PATIENCE_S, eventually

FIRST_INFERENCES = """
import threading
import numpy as np
from shared.embedding.load import load_embedder
from shared.settings import Settings

embedder = load_embedder(Settings())
together = threading.Barrier(4)

def embed():
    together.wait()
    embedder.embed(np.zeros((4, 224, 224, 3), np.uint8))

threads = [threading.Thread(target=embed) for _ in range(4)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
"""


def test_it_gets_ready_while_others_read_its_catalog_without_pause(up, folder, pictures):
    pictures.fill(folder, 5)
    file = folder / ".seenit" / "catalog.db"
    enough = threading.Event()

    def read() -> None:
        while not enough.wait(0.02):
            if file.exists():
                with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as database:
                    database.execute("SELECT count(*) FROM sqlite_master").fetchall()

    reader = threading.Thread(target=read)
    reader.start()
    try:
        running = up()
        eventually(lambda: any(line.startswith("Ready") for line in running.lines))
    finally:
        enough.set()
        reader.join()


@pytest.mark.soak
def test_threads_may_embed_for_the_first_time_together():
    # Without a first inference by one thread alone, about one start in three hung.
    for _ in range(20):
        subprocess.run([sys.executable, "-c", FIRST_INFERENCES], check=True, timeout=PATIENCE_S)
