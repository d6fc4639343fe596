"""A real Seenit on a folder of real pictures, and a real Chromium that looks at it."""

import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Never

import httpx
import pytest
import skimage
from PIL import Image
from platformdirs import user_cache_path
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from tests.system.running import PATIENCE_S

FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)
HOSTILE = (
    "<script>document.title='hacked'<script>.png",
    '"><img src=x onerror="document.title=1">.png',
    "صورة قديمة\u202egnp.exe.png",
    "long-" + "x" * 190 + "-end.png",
)

TELLS_OF_VIOLATIONS = """addEventListener("securitypolicyviolation",
  (event) => console.error(`CSP: ${event.violatedDirective} ${event.blockedURI}`))"""
EXPECTED = re.compile(r"Failed to load resource.*(status of (4\d\d|50[234])|ERR_)")
"""Refusals that a test provokes; a browser reports every one of them."""


def cannot_be_had(part: str) -> Never:
    """Skip by name; on the build machine everything must be there."""
    if os.environ.get("CI") == "true":
        pytest.fail(f"{part} cannot be had")
    pytest.skip(f"{part} cannot be had")


@pytest.fixture(scope="session")
def hostile() -> tuple[str, ...]:
    """Names of files that hold one and the same picture."""
    return HOSTILE


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory, hostile: tuple[str, ...]) -> Path:
    """Pictures that scikit-image brings, edited copies of one, and hostile names."""
    root = tmp_path_factory.mktemp("browser") / "library"
    bundled = Path(skimage.__file__).parent / "data"
    (root / "archive").mkdir(parents=True)
    for source in sorted(bundled.glob("*.[jp][pn]g")):
        shutil.copy(source, root / "archive" / source.name)
    (root / "shop").mkdir()
    shutil.copy(bundled / "chelsea.png", root / "shop" / "the same cat.png")
    cat = Image.open(bundled / "chelsea.png").convert("RGB")
    cat.resize((225, 150)).save(root / "shop" / "small cat.jpg", quality=50)
    (root / "odd").mkdir()
    for name in hostile:
        shutil.copy(bundled / "horse.png", root / "odd" / name)
    return root


@pytest.fixture(scope="session")
def address(folder: Path) -> Iterator[str]:
    """Where `seenit up` serves the folder, everything indexed."""
    with seenit_up(folder) as served:
        yield served


@contextmanager
def seenit_up(folder: Path) -> Iterator[str]:
    """Run `seenit up` on a folder; yields its address once all in it has been looked at."""
    log = folder.parent / "seenit.log"
    command = (Path(sys.executable).parent / "seenit", "up", folder)
    options = ("--data", folder.parent / "data", "--port", "0")
    with (
        log.open("wb") as output,
        subprocess.Popen([*command, *options], stdout=output, stderr=output) as process,
    ):
        try:
            yield _when_ready(process, log, sum(path.is_file() for path in folder.rglob("*")))
        finally:
            process.terminate()


def _when_ready(process: subprocess.Popen[bytes], log: Path, files: int) -> str:
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline and process.poll() is None:
        found = re.search(r"http://[\w.:\[\]]+", log.read_text())
        if found and _settled(found[0], files):
            return found[0]
        time.sleep(0.2)
    pytest.fail(f"seenit up did not come up:\n{log.read_text()}")


def _settled(address: str, files: int) -> bool:
    try:
        reply = httpx.get(f"{address}/v1/stats")
    except httpx.TransportError:
        return False
    return reply.is_success and reply.json()["objects"] >= files  # the rejected among them


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """A headless Chromium; the module's own, as Playwright's loop bears no other beside it."""
    path = shutil.which("chromium") or shutil.which("google-chrome")
    if path is None:
        cannot_be_had("Chromium")
    expect.set_options(timeout=1000 * PATIENCE_S)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=list(FLAGS))
        yield browser
        browser.close()


Opens = Callable[..., Page]


def hold_time(page: Page) -> None:
    """Let no time pass for a page: what it shows for a moment stays until the clock is resumed."""
    page.clock.install()
    page.clock.pause_at(datetime.now(UTC) + timedelta(days=1))


@pytest.fixture
def opens(chromium: Browser, address: str) -> Iterator[Opens]:
    """Open a page in a browser of one's own; nothing may be complained of in its console."""
    complaints: list[str] = []
    contexts: list[BrowserContext] = []

    def open_page(path: str = "/", **options: Any) -> Page:
        context = chromium.new_context(
            base_url=address, permissions=["clipboard-read", "clipboard-write"], **options
        )
        contexts.append(context)
        context.set_default_timeout(1000 * PATIENCE_S)
        context.add_init_script(TELLS_OF_VIOLATIONS)
        context.on(
            "console", lambda m: m.type in {"error", "warning"} and complaints.append(m.text)
        )
        context.on("weberror", lambda error: complaints.append(str(error.error)))
        page = context.new_page()
        page.goto(path)
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert [text for text in complaints if not EXPECTED.search(text)] == []


@pytest.fixture
def page(opens: Opens) -> Page:
    """The start page."""
    page = opens()
    page.wait_for_selector(".tile img")
    return page


@pytest.fixture(scope="session")
def copy(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A smaller copy of a picture of the library, which the library does not hold."""
    path = tmp_path_factory.mktemp("copies") / "copy.jpg"
    Image.open(folder / "archive" / "coffee.png").convert("RGB").resize((300, 200)).save(path)
    return path


@pytest.fixture(scope="session")
def axe() -> str:
    """The source of axe-core, fetched once into the user's cache."""
    home = user_cache_path("seenit-tests") / "axe"
    script = home / "node_modules" / "axe-core" / "axe.min.js"
    if not script.exists():
        npm = shutil.which("npm")
        if npm is None:
            cannot_be_had("npm, which fetches axe-core,")
        home.mkdir(parents=True, exist_ok=True)
        command = [npm, "install", "--prefix", home, "--no-audit", "--no-fund", "axe-core@4.10.3"]
        if subprocess.run(command, check=False, capture_output=True, timeout=120).returncode:
            cannot_be_had("axe-core")
    return script.read_text()
