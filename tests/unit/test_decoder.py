"""The pool of decoding processes: what crashes, runs away or eats memory harms nobody else."""

import asyncio
import io
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Awaitable
from contextlib import AsyncExitStack

import numpy as np
import psutil
import pytest
from PIL import Image

from shared.errors import Reason, Rejected, TransientError
from shared.images.boxes import Box
from shared.images.decoder import MOST_URGENT, Decoder
from shared.images.decoding import DecodedImage
from shared.images.limits import Limits


def png(width=40, height=30, colour=(200, 100, 50), compress_level=1) -> bytes:
    target = io.BytesIO()
    Image.new("RGB", (width, height), colour).save(target, "PNG", compress_level=compress_level)
    return target.getvalue()


@pytest.fixture(scope="module")
def slow() -> bytes:
    """A picture that takes a second or so: many pixels of noise."""
    noise = np.random.default_rng(1).integers(0, 256, (4000, 4000, 3), np.uint8)
    target = io.BytesIO()
    Image.fromarray(noise).save(target, "WEBP", quality=60, method=0)
    return target.getvalue()


@pytest.fixture
async def decoders():
    """Makes decoders, and closes them."""
    async with AsyncExitStack() as stack:

        def make(processes: int = 1, **limits: float) -> Decoder:
            made = Decoder(processes, Limits(**limits))
            stack.push_async_callback(made.aclose)
            return made

        yield make


def cpu(process: psutil.Process) -> float:
    return sum(process.cpu_times()[:2])


def children() -> list[psutil.Process]:
    """Name the decoding processes; other tests leave servers of their own running beside them."""
    found = [each for each in psutil.Process().children() if each.status() != "zombie"]
    return [each for each in found if "shared.images.child" in each.cmdline()]


async def until(holds):
    """Wait for a condition of the system, which tells nobody; returns its answer."""
    while not (answer := holds()):  # noqa: ASYNC110 - see above
        await asyncio.sleep(0.01)
    return answer


async def decoded(decoder: Decoder, data: bytes) -> DecodedImage:
    """Decode one picture as ingest does."""
    (image,) = await decoder.decode_all([data])
    return image


async def idle_process(decoder: Decoder) -> psutil.Process:
    """The decoder's only process, started and with nothing to do."""
    await decoded(decoder, png())
    (found,) = children()
    return found


async def at_work(process: psutil.Process, beyond: float) -> None:
    """Wait until a process has worked for a while; `beyond`: the seconds it had worked before."""
    await until(lambda: cpu(process) > beyond + 0.2)


async def test_a_picture_comes_back_as_pixels_and_facts(decoders):
    decoder = decoders()
    image = await decoded(decoder, png())
    assert (image.width, image.height, image.format) == (40, 30, "PNG")
    assert (image.pixels == (200, 100, 50)).all()
    part = await decoder.views(png(), box=Box(0.5, 0.5, 0.1, 0.1))
    assert (part.pixels == (200, 100, 50)).all()
    assert Image.open(io.BytesIO(await decoder.thumbnail(png(), size=20))).size == (20, 15)


async def test_one_bad_picture_spares_the_others_and_all_keep_their_places(decoders):
    decoder = decoders(processes=2)
    pictures = [png(colour=(n, n, n)) for n in range(20)]
    pictures[7] = b"poison"
    images = await decoder.decode_all(pictures)
    told = [None if isinstance(image, Rejected) else image.pixels[0, 0, 0] for image in images]
    assert told == [None if n == 7 else n for n in range(20)]
    assert images[7].reason is Reason.NOT_A_PICTURE
    assert await decoder.decode_all([]) == []
    with pytest.raises(Rejected):
        await decoder.views(b"poison")
    with pytest.raises(Rejected):
        await decoder.thumbnail(b"poison", size=20)


async def test_a_process_that_is_killed_while_it_works_costs_no_picture(decoders, slow):
    decoder = decoders()
    killed = await idle_process(decoder)
    before = cpu(killed)
    work = asyncio.create_task(decoder.decode_all([slow, png()]))
    await at_work(killed, before)
    killed.kill()
    image, other = await work
    assert (image.width, other.width) == (4000, 40)
    assert [found.pid for found in children()] != [killed.pid]


async def test_a_picture_that_ends_two_processes_is_rejected_and_the_next_is_read(decoders, slow):
    decoder = decoders()
    first = await idle_process(decoder)
    to_start = cpu(first)
    work = asyncio.create_task(decoder.decode_all([slow, png()]))
    await at_work(first, to_start)
    first.kill()
    (second,) = await until(lambda: [found for found in children() if found.pid != first.pid])
    await at_work(second, to_start)
    second.kill()
    culprit, other = await work
    assert isinstance(culprit, Rejected)
    assert culprit.reason is Reason.DECODER_CRASHED
    assert other.width == 40


async def test_a_runaway_is_ended_in_time_and_rejected(decoders):
    decoder = decoders(timeout_s=1)
    stuck = await idle_process(decoder)
    stuck.suspend()
    runaway, other = await decoder.decode_all([png(), png()])
    assert isinstance(runaway, Rejected)
    assert runaway.reason is Reason.DECODER_TIMEOUT
    assert other.width == 40
    assert not stuck.is_running()


async def test_a_process_that_does_not_take_a_picture_is_replaced_and_nobody_else_waits(decoders):
    decoder = decoders(processes=2, timeout_s=2)
    await decoder.decode_all([png()] * 8)
    stuck, _ = children()
    large = png() + bytes(2**22)  # more than the line holds
    stuck.suspend()
    images = await decoder.decode_all([large, large, png(), png()])
    assert [image.width for image in images] == [40] * 4
    assert not stuck.is_running()


async def test_an_answer_that_is_there_counts_however_late_this_process_looks(decoders):
    """It may have stood still meanwhile; the picture has nothing to do with that."""
    decoder = decoders(timeout_s=2)
    process = await idle_process(decoder)
    picture = png(8000, 4000, compress_level=9)  # small to send, and some work
    before, began = cpu(process), time.monotonic()
    work = asyncio.create_task(decoded(decoder, picture))
    for _ in range(5):
        await asyncio.sleep(0)  # it is sent
    while (
        cpu(process) < before + 0.05
        or process.status() != psutil.STATUS_SLEEPING
        or time.monotonic() < began + 2.5
    ):
        time.sleep(0.01)  # noqa: ASYNC251 - the event loop stands still on purpose
    assert (await work).width == 8000


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux caps a process's address space")
async def test_a_memory_hog_is_rejected_and_the_next_picture_read(decoders):
    hog, other = await decoders(memory=2**29).decode_all([png(16_000, 6_000), png()])
    assert isinstance(hog, Rejected)
    assert hog.reason is Reason.DECODER_MEMORY
    assert other.width == 40


async def test_a_process_that_cannot_start_is_nobodys_fault_and_may_start_later(
    decoders, monkeypatch
):
    with monkeypatch.context() as without_python:
        without_python.setattr(sys, "executable", "/nowhere/python")
        decoder = decoders()
        with pytest.raises(TransientError, match="decoder"):
            await decoder.decode_all([png(), png()])
        without_python.setattr(sys, "executable", shutil.which("false"))
        with pytest.raises(TransientError, match="decoder"):
            await decoded(decoder, png())
    assert (await decoded(decoder, png())).width == 40


async def test_who_waits_goes_before_who_does_not(decoders):
    decoder = decoders()
    process = await idle_process(decoder)
    process.suspend()
    done: list[str] = []

    async def wait(decoding: Awaitable[object], name: str) -> None:
        await decoding
        done.append(name)

    async with asyncio.TaskGroup() as tasks:
        for n in range(4):
            tasks.create_task(wait(decoder.decode_all([png()]), f"patient {n}"))
        await asyncio.sleep(0.1)  # the first is taken up
        tasks.create_task(wait(decoder.views(png()), "urgent"))
        await asyncio.sleep(0)
        process.resume()
    assert done == ["patient 0", "urgent", "patient 1", "patient 2", "patient 3"]


async def test_what_nobody_waits_for_any_more_is_not_decoded(decoders, slow):
    decoder = decoders()
    process = await idle_process(decoder)
    process.suspend()
    first = asyncio.create_task(decoded(decoder, png()))
    given_up = asyncio.create_task(decoder.decode_all([slow] * 20))
    await asyncio.sleep(0)  # both are asked
    given_up.cancel()
    await asyncio.wait({given_up})
    process.resume()
    await first
    before = cpu(process)
    await decoded(decoder, png())
    after = cpu(process)
    await decoded(decoder, slow)
    assert after - before < cpu(process) - after, "not one of the twenty"


async def test_a_process_halted_while_it_takes_a_picture_goes_on_with_it(decoders):
    decoder = decoders()
    process = await idle_process(decoder)
    process.suspend()
    work = asyncio.create_task(decoded(decoder, png() + bytes(2**24)))  # more than the line holds
    for _ in range(50):
        await asyncio.sleep(0.01)  # it has a part of it
        process.resume()
        process.suspend()
    process.resume()
    assert (await work).width == 40
    assert children() == [process]


async def test_too_many_that_wait_urgently_are_turned_away_and_who_gives_up_makes_room(decoders):
    decoder = decoders()
    process = await idle_process(decoder)
    process.suspend()

    def urgently():
        return asyncio.create_task(decoder.views(png()))

    asked = [urgently() for _ in range(MOST_URGENT)]
    late = [urgently() for _ in range(2)]  # one place may be free, as one picture is begun
    await asyncio.wait(late, return_when=asyncio.FIRST_COMPLETED)
    with pytest.raises(TransientError, match="too many"):
        await late[1]
    patient = asyncio.create_task(decoded(decoder, png()))
    asked.pop().cancel()
    await asyncio.sleep(0)
    asked.append(urgently())
    await asyncio.sleep(0)
    process.resume()
    assert {image.width for image in await asyncio.gather(*asked, patient)} == {40}
    await asyncio.gather(*late, return_exceptions=True)


async def test_closing_finishes_what_is_asked_ends_the_processes_and_refuses_more(slow):
    decoder = Decoder(processes=2)
    asked = asyncio.create_task(decoder.decode_all([slow, png(), png()]))
    await asyncio.sleep(0)
    await decoder.aclose()
    assert [image.width for image in await asked] == [4000, 40, 40]
    assert children() == []
    with pytest.raises(RuntimeError, match="closed"):
        await decoded(decoder, png())


async def test_a_signal_to_all_processes_costs_no_picture(decoders, slow):
    decoder = decoders()
    process = await idle_process(decoder)
    before = cpu(process)
    work = asyncio.create_task(decoded(decoder, slow))
    await at_work(process, before)
    process.terminate()
    assert (await work).width == 4000
    assert [found.pid for found in children()] == [process.pid]


PARENT = """
import asyncio, sys
from pathlib import Path
from shared.images.decoder import MOST_URGENT, Decoder

async def main():
    decoder = Decoder(processes=2)
    data = Path(sys.argv[1]).read_bytes()
    await decoder.decode_all([b"x"] * 8)
    print("ready", flush=True)
    await decoder.decode_all([data] * 100)

asyncio.run(main())
"""

ALARMED = "from shared.images.child import set_alarm; set_alarm(0.5); import time; time.sleep(60)"


def python(*arguments: object) -> subprocess.Popen[bytes]:
    paths = os.pathsep.join(path for path in sys.path if path)
    return subprocess.Popen(
        [sys.executable, *map(str, arguments)],
        stdout=subprocess.PIPE,
        env=os.environ | {"PYTHONPATH": paths},
    )


def test_no_process_outlives_its_parent(tmp_path, slow):
    (tmp_path / "slow.webp").write_bytes(slow)
    with python("-c", PARENT, tmp_path / "slow.webp") as parent:
        assert parent.stdout.readline() == b"ready\n"
        found = psutil.Process(parent.pid).children()
        assert len(found) == 2
        parent.kill()
    _, left = psutil.wait_procs(found, timeout=30)
    assert left == []


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no alarms")
def test_a_runaway_whose_parent_is_gone_ends_by_its_own_alarm():
    with python("-c", ALARMED) as alarmed:
        assert alarmed.wait(50) == -signal.SIGALRM


async def test_modules_among_the_pictures_are_not_run(decoders, tmp_path, monkeypatch):
    """Somebody's `json.py` in the folder one works in is a file like any other."""
    for name in ("json", "numpy", "PIL"):
        (tmp_path / f"{name}.py").write_text("raise SystemExit")
    monkeypatch.chdir(tmp_path)
    assert (await decoded(decoders(), png())).width == 40
