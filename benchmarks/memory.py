"""How much memory indexing a large folder takes, and how long the next start does.

    .venv/bin/python benchmarks/memory.py --count 20000

Writes that many small different pictures into a temporary folder, runs the real `seenit up` on it,
and adds up the resident memory of the process and its children while it indexes. The next start
must find nothing to do.
"""

import argparse
import io
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import psutil
import skimage.data
from PIL import Image

EVERY_S = 0.25
MARKS = (0.25, 0.5, 0.75, 1.0)


def write_pictures(folder: Path, count: int) -> None:
    """Write small JPEGs; random bytes behind a picture's end make each file another image."""
    source = Path(skimage.data.__file__).parent
    bases = []
    for name in ("astronaut.png", "chelsea.png", "coffee.png", "rocket.jpg"):
        encoded = io.BytesIO()
        Image.open(source / name).convert("RGB").resize((160, 120)).save(encoded, "JPEG")
        bases.append(encoded.getvalue())
    for n in range(count):
        place = folder / f"{n % 10}"
        place.mkdir(parents=True, exist_ok=True)
        (place / f"{n}.jpg").write_bytes(bases[n % len(bases)] + os.urandom(16))


@contextmanager
def running(folder: Path) -> Iterator[tuple[psutil.Process, str, Iterator[str]]]:
    """Run `seenit up`; yields the process, its address and its further lines."""
    process = subprocess.Popen(
        [sys.executable, "-m", "seenit", "up", str(folder), "--port", "0"],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    try:
        address = process.stdout.readline().split()[-1]
        yield psutil.Process(process.pid), address, iter(process.stdout)
    finally:
        process.terminate()
        process.wait(60)
        process.stdout.close()


def resident(process: psutil.Process) -> int:
    """Sum the resident memory of a process and all below it, in bytes."""
    total = 0
    for each in (process, *process.children(recursive=True)):
        try:
            total += each.memory_info().rss
        except psutil.NoSuchProcess:
            continue
    return total


def sample(process: psutil.Process, address: str, count: int) -> dict[str, float]:
    """Watch the indexing to its end; per mark its resident memory, and the most of all, in MiB."""
    figures: dict[str, float] = {}
    most = 0
    with httpx.Client(base_url=address, timeout=30) as api:
        while f"{MARKS[-1]:.0%}" not in figures:
            done = api.get("/v1/stats").json()["objects"]
            now = resident(process)
            most = max(most, now)
            for mark in MARKS:
                if done >= mark * count:
                    figures.setdefault(f"{mark:.0%}", round(now / 2**20))
            time.sleep(EVERY_S)
    return figures | {"most": round(most / 2**20)}


def measure(count: int) -> dict[str, object]:
    """Index, then start again; returns all figures."""
    with tempfile.TemporaryDirectory(prefix="seenit-memory-") as place:
        folder = Path(place)
        write_pictures(folder, count)
        began = time.perf_counter()
        with running(folder) as (process, address, lines):
            rss = sample(process, address, count)
            next(line for line in lines if line.startswith("Ready"))
            first = time.perf_counter() - began
        began = time.perf_counter()
        with running(folder) as (process, _, lines):
            ready = next(line for line in lines if line.startswith("Ready"))
            second = time.perf_counter() - began
            idle = round(resident(process) / 2**20)
        unchanged = re.search(r"([\d,]+) unchanged", ready)
        if unchanged is None or int(unchanged[1].replace(",", "")) != count:
            raise SystemExit(f"the second start had work to do: {ready}")
        state = sum(file.stat().st_size for file in (folder / ".seenit").iterdir())
    return {
        "pictures": count,
        "rss_mib": rss,
        "first_start_s": round(first, 1),
        "second_start_s": round(second, 1),
        "second_start_rss_mib": idle,
        "state_mib": round(state / 2**20),
    }


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=20_000)
    print(json.dumps(measure(parser.parse_args().count), indent=2))
