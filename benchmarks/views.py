"""What views of the query cost: `python benchmarks/views.py ~/photos` prints a table of ratios.

Serves a library of 100 of the pictures, and searches over HTTP with others: photographs as they
are, and screens drawn around them. Each is asked once a way, in turn, with bytes that were never
asked before. Counted is the processor time of the server with its decoding processes, which other
load changes less than it changes elapsed time; the median over the rounds, which are told apart.
"""

# ruff: noqa: D103 - a script

import argparse
import io
import itertools
import statistics
import sys
import tempfile
import time
from collections import defaultdict
from pathlib import Path
from random import Random

import psutil
from PIL import Image

sys.path.insert(0, str(Path(__file__).parent.parent))

from seenit.benchmark.client import Client
from seenit.benchmark.pictures import load_pictures
from seenit.benchmark.served import index_pictures, serving
from seenit.evaluation.screens import PLACED

WAYS = {
    "plain": "",
    "auto": "&views=auto",
    "flip": "&views=flip",
    "rotate": "&views=rotate",
    "all": "&views=auto,flip,rotate",
}
LARGE = 4000
"""Pixels of the longer side of what a camera takes."""


def encoded(picture: Image.Image) -> bytes:
    data = io.BytesIO()
    picture.save(data, "JPEG", quality=90)
    return data.getvalue()


def queries(pictures: list[bytes], count: int) -> dict[str, list[bytes]]:
    opened = [Image.open(io.BytesIO(data)).convert("RGB") for data in pictures[-count:]]
    drawn = zip(opened, itertools.cycle(PLACED.values()))
    return {
        "photographs": pictures[-count:],
        "screens": [encoded(draw(one, Random(n))[0]) for n, (one, draw) in enumerate(drawn)],
        "12 megapixels": [
            encoded(one.resize((LARGE, LARGE * 3 // 4))) for one in opened[: max(1, count // 8)]
        ],
    }


def server() -> list[psutil.Process]:
    """Find the server and its decoding processes."""
    return psutil.Process().children(recursive=True)


def used(processes: list[psutil.Process]) -> float:
    return sum(sum(process.cpu_times()[:2]) for process in processes)


def measure(client: Client, kinds: dict[str, list[bytes]], rounds: int) -> None:
    numbers = itertools.count()
    processes = server()
    cost: dict[tuple[str, str], list[float]] = defaultdict(list)
    waited: dict[tuple[str, str], list[float]] = defaultdict(list)
    for round_, (kind, pictures) in itertools.product(range(rounds + 1), kinds.items()):
        for way, parameter in WAYS.items():
            before = used(processes)
            for data in pictures:
                began = time.perf_counter()
                client.send_picture(f"/v1/search?limit=10{parameter}", data + b"%d" % next(numbers))
                if round_:
                    waited[kind, way].append(time.perf_counter() - began)
            if round_:  # the first warms up
                cost[kind, way].append((used(processes) - before) / len(pictures))
    print("| query |", " | ".join(WAYS), "|")
    print("|---|" + "---:|" * len(WAYS))
    for kind in kinds:
        plain = statistics.median(cost[kind, "plain"])
        cells = [f"{plain * 1e3:.1f} core-ms"]
        for way in [*WAYS][1:]:
            shares = [a / b for a, b in zip(cost[kind, way], cost[kind, "plain"], strict=True)]
            elapsed = statistics.median(waited[kind, way]) / statistics.median(
                waited[kind, "plain"]
            )
            cells.append(f"{statistics.median(shares):.2f} (elapsed {elapsed:.2f})")
        print(f"| {kind} |", " | ".join(cells), "|")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("pictures", type=Path)
    parser.add_argument("--count", type=int, default=50, help="queries of each kind")
    parser.add_argument("--rounds", type=int, default=6)
    asked = parser.parse_args()
    pictures = load_pictures(asked.pictures)
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place) / "pictures"
        index_pictures(pictures[:100], 100, folder)
        kinds = queries(pictures, asked.count)
        with serving(folder) as address, Client(address) as client:
            measure(client, kinds, asked.rounds)


if __name__ == "__main__":
    main()
