"""The library: the ways around, every picture once, rejections, one picture large, live ingest."""

import itertools
import json
import re
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import httpx
import numpy as np
import pytest
import skimage
from PIL import Image
from playwright.sync_api import Page, Route, expect

from tests.browser.conftest import Opens, hold_time, seenit_up
from tests.system.running import eventually

READS = "navigator.clipboard.readText()"
FOCUSED = "document.activeElement.dataset.key"
KEYS = "(links) => links.map((link) => link.dataset.key)"
SHIFTS = """() => {
  window.shifted = 0;
  new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) window.shifted += entry.value;
  }).observe({ type: "layout-shift", buffered: true });
}"""
FINDS_FAULTS = """async () => (await axe.run()).violations
  .map(({ id, nodes }) => `${id}: ${nodes.map(({ target }) => target).join(" ")}`)"""
OVERFLOW = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
HIDES = """(hidden) => {
  Object.defineProperty(document, "hidden", { get: () => hidden, configurable: true });
  document.dispatchEvent(new Event("visibilitychange"));
}"""
HASTENS = """(() => {
  const [later, ask] = [setTimeout, fetch];
  Object.assign(window, { waits: [], looks: 0 });
  performance.now = () => 0; // an answer that takes its time changes nothing
  window.setTimeout = (act, ms) => {
    if (ms >= 1000) waits.push(Math.round(ms));
    return later(act, Math.min(ms, 50));
  };
  window.fetch = (url, ...more) => {
    if (url === "/v1/stats") looks += 1;
    return ask(url, ...more);
  };
})()"""
"""Has a page's seconds pass in a moment, and writes down which it asked for."""
SUMMER = [f"2019/summer/{n:02}.png" for n in range(20)]
BOLD = "<b>bold"


def draw(path: Path, seed: int) -> None:
    """Draw a picture like no other."""
    path.parent.mkdir(parents=True, exist_ok=True)
    noise = np.random.default_rng(seed).integers(0, 256, (6, 8, 3), np.uint8)
    Image.fromarray(noise).resize((80, 60)).save(path)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, hostile: tuple[str, ...]) -> Path:
    """Folders in folders, one picture in many places, hostile names, and files that are none."""
    root = tmp_path_factory.mktemp("library") / "pictures"
    for n, key in enumerate(["cover.png", "2020/one.png", *SUMMER]):
        draw(root / "trips" / key, n)
    horse = Path(skimage.__file__).parent / "data" / "horse.png"
    for name in (*hostile, f"{BOLD}/inner.png"):
        (root / "odd" / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(horse, root / "odd" / name)
    (root / "it's broken").mkdir()
    (root / "it's broken" / "empty.jpg").touch()
    for name in ("<i>diary.jpg", "letter.png"):
        (root / "it's broken" / name).write_text("Dear diary")
    return root


@pytest.fixture(scope="module")
def address(folder: Path) -> Iterator[str]:
    """Where the folder is served."""
    with seenit_up(folder) as served:
        yield served


@pytest.fixture
def library(opens: Opens) -> Page:
    """The library's first page, its pictures and buckets there."""
    page = opens("/library")
    expect(page.locator("#buckets a").nth(1)).to_be_visible()
    expect(page.locator(".sheet").first).to_be_visible()
    return page


def in_small_pages(route: Route) -> None:
    route.continue_(url=route.request.url.replace("limit=60", "limit=7"))


def captions(page: Page) -> list[str]:
    return page.locator(".sheet .key").evaluate_all("(all) => all.map((key) => key.textContent)")


def go_to(page: Page, bucket: str) -> None:
    page.locator("#buckets a", has=page.get_by_text(bucket, exact=True)).click()
    expect(page.locator("#title")).to_have_text(bucket)


def test_buckets_tell_their_counts_and_lead_into_folders_and_back(library: Page) -> None:
    told = [" ".join(words.split()) for words in library.locator("#buckets a").all_inner_texts()]
    assert told == ["Everything 27", "it's broken 0", "odd 5", "trips 22", "Not indexed 3"]
    go_to(library, "trips")
    expect(library.locator("#status")).to_have_text("2 folders, 1 picture")
    assert captions(library) == ["2019/", "2020/", "cover.png"]
    library.locator(".folder").first.click()
    library.locator(".folder").first.click()
    expect(library.locator("#title")).to_have_text("summer")
    expect(library.locator("#status")).to_have_text("20 pictures")
    expect(library.locator("#crumbs a")).to_have_text(["Everything", "trips", "2019"])
    expect(library.locator("#buckets [aria-current]")).to_contain_text("trips")
    library.get_by_role("link", name="2019", exact=True).click()
    expect(library.locator("#status")).to_have_text("1 folder")
    assert captions(library) == ["summer/"]
    library.go_back()
    expect(library.locator("#title")).to_have_text("summer")
    expect(library.locator(".sheet")).to_have_count(20)
    library.reload()
    expect(library.locator(".sheet")).to_have_count(20)
    expect(library).to_have_title("summer · Seenit")


def test_all_below_a_folder_can_be_shown_and_narrowed_by_what_names_start_with(
    library: Page, opens: Opens
) -> None:
    go_to(library, "trips")
    library.get_by_role("button", name="All below").click()
    expect(library.locator("#status")).to_have_text("22 pictures")
    library.get_by_role("searchbox").press_sequentially("2019/summer/1")
    expect(library.locator("#status")).to_have_text("10 pictures starting with “1”")
    expect(library.get_by_role("searchbox")).to_be_focused()
    expect(library).to_have_url(re.compile(r"\?bucket=trips&prefix=2019%2Fsummer%2F1&flat=$"))
    shared = opens(library.url)
    expect(shared.locator("#status")).to_have_text("10 pictures starting with “1”")
    expect(shared.get_by_role("searchbox")).to_have_value("1")
    expect(shared.get_by_role("button", name="All below")).to_have_attribute("aria-pressed", "true")


def test_every_picture_comes_once_in_key_order(opens: Opens) -> None:
    page = opens("/docs", viewport={"width": 700, "height": 400})
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.route("**/v1/objects?*", in_small_pages)
    page.goto("/library?bucket=trips&flat=")
    expect(page.locator(".sheet").first).to_be_visible()
    for shown_so_far in (7, 14, 21):
        expect(page.locator(".sheet").nth(shown_so_far - 1)).to_be_attached()
        page.mouse.wheel(0, 4000)
    expect(page.locator("#status")).to_have_text("22 pictures")
    shown = page.locator(".sheet").evaluate_all(KEYS)
    assert shown == [*SUMMER, "2020/one.png", "cover.png"]
    images = page.locator(".sheet img")
    assert images.evaluate_all("(all) => all.every((i) => i.width && i.loading === 'lazy')")
    lists = [url for url in asked if "/v1/objects?" in url]
    assert len([url for url in lists if "cursor=" in url]) == 3


@pytest.mark.parametrize("width", [400, 1300])
def test_nothing_moves_while_the_page_fills(opens: Opens, width: int) -> None:
    page = opens("/docs", viewport={"width": width, "height": 700})
    page.add_init_script(f"({SHIFTS})()")
    page.route("**/v1/objects?*", in_small_pages)
    page.goto("/library?bucket=trips&flat=")
    expect(page.locator(".sheet").first).to_be_visible()
    expect(page.locator("#intake-figures")).to_contain_text("Newest")
    for _ in range(3):
        page.evaluate("scrollTo(0, document.body.scrollHeight)")
        page.wait_for_load_state("networkidle")
    assert page.evaluate("window.shifted") < 0.001  # a figure that gets a digit more


def test_thumbnails_of_what_is_far_below_are_not_fetched(opens: Opens) -> None:
    page = opens("/docs", viewport={"width": 320, "height": 300})
    asked: set[str] = set()
    page.on("request", lambda request: asked.add(urlsplit(request.url).path))
    many = {
        "objects": [
            {"bucket": "b", "key": f"{n}", "image_id": f"{n:064}", "state": "indexed"}
            for n in range(500)
        ],
        "prefixes": [],
        "next_cursor": None,
    }
    page.route("**/v1/objects?*", lambda route: route.fulfill(json=many))
    page.route("**/thumbnail?*", lambda route: route.abort())
    with page.expect_request("**/thumbnail?*"):
        page.goto("/library")
    expect(page.locator(".sheet")).to_have_count(500)
    page.wait_for_load_state("networkidle")
    assert 0 < len([path for path in asked if path.endswith("/thumbnail")]) < 100


def test_going_back_shows_the_pictures_where_they_were_left(opens: Opens) -> None:
    page = opens(
        "/library?bucket=trips&prefix=2019/summer/", viewport={"width": 500, "height": 500}
    )
    expect(page.locator(".sheet")).to_have_count(20)
    page.evaluate("scrollTo(0, 900)")
    page.locator("#crumbs a").last.evaluate("(link) => link.click()")
    expect(page.locator("#title")).to_have_text("2019")
    assert page.evaluate("scrollY") == 0
    page.go_back()
    expect(page.locator(".sheet")).to_have_count(20)
    assert page.evaluate("scrollY") == 900


def test_rejections_are_told_in_plain_words_with_what_to_do(library: Page, opens: Opens) -> None:
    library.get_by_role("link", name="Not indexed").click()
    expect(library.locator("#status")).to_have_text("3 objects")
    expect(library.locator(".chip")).to_have_text(["All reasons 3", "Not a picture 2", "Empty 1"])
    expect(library.locator(".refused .key")).to_have_text(
        ["<i>diary.jpg", "empty.jpg", "letter.png"]
    )
    library.locator(".chip", has_text="Empty").click()
    expect(library.locator(".refused .key")).to_have_text("empty.jpg")
    expect(library.locator(".todo")).to_contain_text("The file has no bytes")
    shared = opens(library.url)
    expect(shared.locator(".refused li")).to_have_count(1)
    hold_time(shared)
    shared.get_by_role("button", name="Copy key: empty.jpg").click()
    expect(shared.get_by_text("Copied")).to_be_visible()
    assert shared.evaluate(READS) == "empty.jpg"


def test_the_command_that_tries_again_is_copied_fit_for_a_shell(opens: Opens) -> None:
    page = opens("/library?state=rejected&bucket=it%27s+broken&reason=empty")
    hold_time(page)
    page.get_by_role("button", name="Copy command").click()
    expect(page.get_by_text("Copied")).to_be_visible()
    assert page.evaluate(READS) == (
        "seenit rejections retry --folder FOLDER --bucket 'it'\\''s broken' --reason empty"
    )


def test_a_picture_is_shown_large_with_its_facts_and_all_its_places(
    opens: Opens, hostile: tuple[str, ...], address: str
) -> None:
    page = opens("/library?bucket=odd")
    page.locator(".sheet", has_text=hostile[0][-12:]).click()
    look = page.get_by_role("dialog")
    expect(look.locator("h2")).to_have_text(hostile[0])
    expect(look.locator("dl")).to_contain_text("400 \u00d7 328 pixels")
    expect(look.locator("dl")).to_contain_text("PNG")
    expect(look.locator("h3")).to_have_text("In 5 places")
    keys = look.locator(".places .key").evaluate_all("(all) => all.map((key) => key.textContent)")
    assert set(keys) == {*hostile, "inner.png"}
    original = look.get_by_role("link", name="Open original").first.get_attribute("href")
    assert httpx.get(address + str(original)).headers["content-type"] == "image/png"
    hold_time(page)
    look.locator(f"[data-copy='{hostile[3]}']").click()
    expect(look.get_by_text("Copied")).to_be_visible()
    page.clock.resume()
    assert page.evaluate(READS) == hostile[3]
    look.get_by_role("link", name="Search with this").click()
    expect(page).to_have_url(re.compile(r"/\?image_id=[0-9a-f]{64}$"))
    expect(page.locator(".card.exact")).to_be_visible()
    page.go_back()
    expect(look.locator("h3")).to_have_text("In 5 places")


def test_a_picture_has_an_address_and_back_closes_it(opens: Opens) -> None:
    page = opens("/library?bucket=trips&prefix=2019/summer/")
    page.locator(".sheet").nth(2).click()
    expect(page.locator("#look h2")).to_have_text("02.png")
    shared = opens(page.url)
    expect(shared.locator("#look h2")).to_have_text("02.png")
    shared.keyboard.press("Escape")
    expect(shared.locator("#look")).to_be_hidden()
    expect(shared).not_to_have_url(re.compile("image="))
    expect(shared.locator(".sheet")).to_have_count(20)
    page.go_back()
    expect(page.locator("#look")).to_be_hidden()
    page.go_forward()
    expect(page.locator("#look h2")).to_have_text("02.png")


def test_an_address_of_a_picture_that_is_gone_says_so(opens: Opens) -> None:
    page = opens(f"/library?image={'0' * 64}")
    expect(page.get_by_role("dialog")).to_contain_text("not in the library")


def test_the_keyboard_alone_walks_opens_turns_and_returns(opens: Opens) -> None:
    page = opens("/docs", viewport={"width": 900, "height": 700})
    page.route("**/v1/objects?*", in_small_pages)
    page.goto("/library?bucket=trips&prefix=2019/summer/")
    expect(page.locator(".sheet").first).to_be_visible()
    for _ in range(40):
        page.keyboard.press("Tab")
        if page.evaluate(FOCUSED) == SUMMER[0]:
            break
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowLeft")
    assert page.evaluate(FOCUSED) == SUMMER[1]
    page.keyboard.press("Enter")
    expect(page.locator("#look h2")).to_have_text("01.png")
    for turned in range(2, 20):
        page.keyboard.press("ArrowRight")
        expect(page.locator("#look h2")).to_have_text(f"{turned:02}.png")
    expect(page.locator("#look-next")).to_be_disabled()
    page.keyboard.press("ArrowLeft")
    expect(page.locator("#look h2")).to_have_text("18.png")
    page.keyboard.press("Escape")
    expect(page.locator("#look")).to_be_hidden()
    expect(page.locator(f"[data-key='{SUMMER[18]}']")).to_be_focused()
    expect(page).not_to_have_url(re.compile("image="))


def test_a_step_to_a_picture_that_is_still_to_come_is_done_once_it_is_there(opens: Opens) -> None:
    page = opens("/docs", viewport={"width": 900, "height": 700})
    held: list[Route] = []
    page.route("**/v1/objects?*", in_small_pages)
    page.route("**/v1/objects?*cursor=*", lambda route: held.append(route), times=1)  # noqa: PLW0108 - it marks its handlers
    with page.expect_request("**/v1/objects?*cursor=*"):
        page.goto("/library?bucket=trips&prefix=2019/summer/")
    page.locator(".sheet").nth(6).click()
    expect(page.locator("#look h2")).to_have_text("06.png")
    page.keyboard.press("ArrowRight")
    in_small_pages(held.pop())
    expect(page.locator("#look h2")).to_have_text("07.png")


def test_hostile_names_are_only_ever_text(opens: Opens, hostile: tuple[str, ...]) -> None:
    page = opens("/library?bucket=odd", viewport={"width": 320, "height": 700})
    expect(page.locator(".sheet")).to_have_count(5)
    assert set(captions(page)) == {*hostile, f"{BOLD}/"}
    page.locator(".folder").click()
    expect(page.locator("#title")).to_have_text(BOLD)
    expect(page).to_have_title(f"{BOLD} · Seenit")
    expect(page.locator("#crumbs")).to_contain_text("odd")
    expect(page.locator("main script, main b, main i, main img[src=x]")).to_have_count(0)
    for name in hostile:
        page.goto("/library?bucket=odd&flat=")
        page.locator(f"[data-key='{name}']" if "'" not in name else ".sheet >> nth=1").click()
        expect(page.locator("#look dl")).to_be_visible()
        assert page.evaluate(OVERFLOW) == 0


def test_what_comes_in_while_someone_looks_waits_behind_a_button(
    opens: Opens, folder: Path
) -> None:
    page = opens("/library?bucket=trips")
    expect(page.locator(".sheet")).to_have_count(3)
    expect(page.locator("#intake-state")).to_have_text("Up to date")
    new = folder / "trips" / "a new one.png"
    try:
        draw(new, 1000)
        expect(page.locator("#news")).to_have_text("1 new in trips · show")
        expect(page.locator("#intake-figures")).to_contain_text("Searchable after")
        assert captions(page) == ["2019/", "2020/", "cover.png"]
        page.click("#news")
        expect(page.locator(".sheet")).to_have_count(4)
        expect(page.locator("#news")).to_be_hidden()
        assert captions(page) == ["2019/", "2020/", "a new one.png", "cover.png"]
    finally:
        new.unlink()
    expect(page.locator("#buckets [aria-current]")).to_contain_text("22")


STATS = {
    "objects": 1500,
    "images": 1400,
    "rejected": 100,
    "newest": "2026-01-01T00:00:00Z",
    "now": "2026-01-01T00:00:20Z",
    "model_id": "m",
}


def telling(page: Page, **changes: object) -> None:
    page.route("**/v1/stats", lambda route: route.fulfill(body=json.dumps(STATS | changes)))


def test_progress_is_told_as_far_as_it_is_known(opens: Opens) -> None:
    page = opens("/docs")
    running = {"active": True, "done": 500, "total": 2000, "rate": 233.4, "eta_s": 6.4}
    telling(page, progress=running | {"waiting": 64, "freshness_s": 0.25})
    page.goto("/library")
    expect(page.locator("#intake-state")).to_have_text("Indexing")
    for figure in ("500 of 2,000", "233 a second", "7 s", "64"):
        expect(page.locator("#intake-figures")).to_contain_text(figure)
    assert page.get_by_role("progressbar", name="Indexing").get_attribute("value") == "0.25"
    expect(page.locator("#intake-note")).to_be_hidden()


def grown(route: Route, seconds: int, progress: dict[str, object] | None) -> None:
    now = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=20 + seconds)
    told = {"objects": 1500 + 60 * seconds, "now": now.isoformat(), "progress": progress}
    route.fulfill(body=json.dumps(STATS | told))


def test_changes_of_a_watched_folder_are_told_with_their_rate(opens: Opens) -> None:
    page = opens("/docs")
    seconds = itertools.count()
    resting = {"active": False, "done": 9, "total": 9, "rate": 0, "eta_s": None}
    watched = resting | {"waiting": 77, "freshness_s": 0.25}
    page.route("**/v1/stats", lambda route: grown(route, next(seconds), watched))
    page.add_init_script(HASTENS)
    page.goto("/library")
    expect(page.locator("#intake-state")).to_have_text("Taking in changes")
    for figure in ("77", "60 a second", "0.3 s"):
        expect(page.locator("#intake-figures")).to_contain_text(figure)


def test_where_ingest_runs_elsewhere_only_what_is_seen_is_told(opens: Opens) -> None:
    page = opens("/docs")
    seconds = itertools.repeat(0)
    page.route("**/v1/stats", lambda route: grown(route, next(seconds), None))
    page.add_init_script(HASTENS)
    page.goto("/library")
    expect(page.locator("#intake-state")).to_have_text("No change just now")
    seconds = itertools.count(1)
    expect(page.locator("#intake-state")).to_have_text("Taking in pictures")
    expect(page.locator("#intake-figures")).to_contain_text("60 a second")
    expect(page.locator("#intake-note")).to_contain_text("seenit status")


def test_it_asks_ever_less_often_while_nothing_changes_and_not_at_all_unseen(opens: Opens) -> None:
    page = opens("/docs")
    telling(page, progress=None)
    page.add_init_script(HASTENS)
    page.goto("/library")
    eventually(lambda: page.evaluate("waits.length") >= 10)
    waited = page.evaluate("waits")
    assert waited[:3] == [1000, 1600, 2560]
    assert waited == sorted(waited)
    assert waited[9] == 20_000
    looks = page.evaluate(f"({HIDES})(true), looks")
    page.wait_for_timeout(300)
    assert page.evaluate("looks") == looks
    with page.expect_request("**/v1/stats"):
        page.evaluate(HIDES, arg=False)


def test_trouble_is_told_and_trying_again_goes_on_where_it_stopped(opens: Opens) -> None:
    page = opens("/docs", viewport={"width": 700, "height": 400})
    page.route("**/v1/objects?*", in_small_pages)
    refused = {
        "status": 503,
        "headers": {"Retry-After": "600"},
        "json": {"detail": "catalog: away"},
    }
    page.route("**/v1/objects?*cursor=*", lambda route: route.fulfill(**refused), times=1)
    page.goto("/library?bucket=trips&flat=")
    expect(page.get_by_role("alert")).to_contain_text("Catalog: away.")
    expect(page.locator(".sheet")).to_have_count(7)
    page.get_by_role("button", name="Try now").click()
    expect(page.locator("#trouble")).to_be_hidden()
    page.mouse.wheel(0, 4000)
    expect(page.locator("#status")).to_have_text(re.compile(r"^(14|21|22) pictures"))


def test_a_library_that_asks_for_a_token_asks_for_it(opens: Opens) -> None:
    page = opens("/docs")
    locked = {"status": 401, "json": {"detail": "a token is missing"}}
    page.route("**/v1/**", lambda route: route.fulfill(**locked))
    page.goto("/library")
    expect(page.get_by_role("textbox", name="Token")).to_be_visible()
    expect(page.locator("#intake-state")).to_have_text("Waits for a token")
    page.unroute("**/v1/**")
    page.route("**/v1/session", lambda route: route.fulfill(status=204))
    page.get_by_role("textbox", name="Token").fill("secret")
    page.keyboard.press("Enter")
    expect(page.locator(".sheet").first).to_be_visible()
    expect(page.locator("#buckets a").first).to_contain_text("27")


def test_an_empty_library_says_how_pictures_get_in(opens: Opens) -> None:
    page = opens("/docs")
    none = {"objects": [], "prefixes": [], "next_cursor": None}
    page.route("**/v1/objects?*", lambda route: route.fulfill(json=none))
    page.goto("/library")
    expect(page.locator(".nothing")).to_contain_text("seenit add")
    page.goto("/library?bucket=nowhere")
    expect(page.locator(".nothing")).to_contain_text("no picture here")


PLACES = ["/library", "/library?bucket=odd", "/library?state=rejected", "/library?bucket=odd&look"]


def settled(page: Page, place: str) -> None:
    page.goto(place.removesuffix("&look"))
    expect(page.locator("#view")).to_have_attribute("aria-busy", "false")
    expect(page.locator("#buckets a").first).to_be_visible()
    if "look" in parse_qs(urlsplit(place).query, keep_blank_values=True):
        page.locator(".sheet:not(.folder)").first.click()
        expect(page.locator("#look dl")).to_be_visible()


@pytest.mark.parametrize(("scheme", "places"), [("light", PLACES), ("dark", PLACES[2:])])
def test_axe_finds_nothing_to_mend(opens: Opens, axe: str, scheme: str, places: list[str]) -> None:
    page = opens("/docs", color_scheme=scheme, reduced_motion="reduce")
    for place in places:
        settled(page, place)
        page.evaluate(axe)
        assert page.evaluate(FINDS_FAULTS) == [], place


def test_nothing_sticks_out_sideways(opens: Opens) -> None:
    page = opens("/docs", device_scale_factor=2)
    for place in PLACES:
        settled(page, place)
        for width in (320, 640, 1024, 1920):
            page.set_viewport_size({"width": width, "height": 700})
            assert page.evaluate(OVERFLOW) == 0, (place, width)
