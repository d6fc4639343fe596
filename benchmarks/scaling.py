"""How ingest scales with the number of workers, where the model is not what limits it.

    set -a; . .stack/env; set +a
    .venv/bin/python benchmarks/scaling.py

Each worker is `seenit worker` but for its model: a stand-in that takes a fixed time for each
picture and no processor, as if each worker had a machine of its own. They share 8 partitions and
the services. All join before the first picture is embedded; then pictures are counted for a while.
"""

import argparse
import asyncio
import io
import json
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager
from functools import partial
from multiprocessing import get_context
from multiprocessing.synchronize import Event
from pathlib import Path

from PIL import Image
from stand_in import StandIn

from seenit.benchmark.bucket import Bench
from seenit.benchmark.consuming import Consuming, What, consuming
from seenit.benchmark.ground import own_ground
from shared.protocols import Embeddings, Pixels
from shared.settings import Settings, load_settings
from streams.parts import Adapters, open_adapters

SETTLE_S = 15.0  # the last rebalance
RAMP_S = 4.0


class Gated(StandIn):
    """It begins once the gate is open, so that all workers do at once."""

    def __init__(self, seconds: float, gate: Event) -> None:
        super().__init__("stand-in", seconds, parallel=1)
        self._gate = gate

    def embed(self, pixels: Pixels) -> Embeddings:
        """Embed, shape (n, 512)."""
        self._gate.wait()
        return super().embed(pixels)


@asynccontextmanager
async def opening(seconds: float, gate: Event, settings: Settings) -> AsyncIterator[Adapters]:
    """Open the parts as `seenit worker` does, but for the model."""
    async with open_adapters(settings, load=lambda _: Gated(seconds, gate)) as adapters:
        yield adapters


def small_picture() -> bytes:
    """Make a picture that is decoded in no time."""
    file = io.BytesIO()
    Image.linear_gradient("L").resize((64, 64)).convert("RGB").save(file, "JPEG")
    return file.getvalue()


def rate(settings: Settings, workers: int, seconds: float, window: float) -> float:
    """Run so many workers; pictures per second of all of them together."""
    gate = get_context("spawn").Event()
    with ExitStack() as stack:
        at_work: list[Consuming] = [
            stack.enter_context(consuming(settings, [], partial(opening, seconds, gate)))
            for _ in range(workers)
        ]
        for worker in at_work:
            worker.first(What.WORKING)
        time.sleep(SETTLE_S)
        gate.set()
        began = time.monotonic() + RAMP_S
        found = [at for worker in at_work for at in worker.found_until(began + window)]
    return sum(at >= began for at in found) / window


def rates(
    settings: Settings, counts: list[int], seconds: float, window: float, place: Path
) -> None:
    """Measure with each number of workers; prints a line of JSON for each."""
    ours = settings.model_copy(update={"worker_port": 0, "batch_size": 8, "in_flight": 48})
    bench = Bench(ours, None, [small_picture()], place)
    of_one = None
    for workers in counts:
        bench.upload(f"{workers}", int(workers * ((window + RAMP_S + 2) / seconds + 100) * 1.3))
        measured = rate(ours, workers, seconds, window)
        of_one = of_one or measured / workers
        line = {"workers": workers, "rate": measured, "of_linear": measured / workers / of_one}
        print(json.dumps({name: round(each, 3) for name, each in line.items()}), flush=True)


async def measure(counts: list[int], seconds: float, window: float) -> None:
    """Measure on a ground of its own."""
    async with own_ground(load_settings(partitions=8)) as ours:
        with tempfile.TemporaryDirectory(prefix="seenit-scaling-") as place:
            await asyncio.to_thread(rates, ours, counts, seconds, window, Path(place))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 2, 4, 8])
    parser.add_argument("--seconds", type=float, default=0.1, help="for each picture")
    parser.add_argument("--window", type=float, default=20, help="seconds that are counted")
    told = parser.parse_args()
    asyncio.run(measure(told.workers, told.seconds, told.window))
