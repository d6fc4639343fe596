"""How the page looks, loads and moves; who can use it with what."""

import re
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from playwright.sync_api import Locator, Page, Response, expect

from tests.system.running import eventually

FIRST_LOAD = 150_000
FINDS_FAULTS = """async () => (await axe.run()).violations
  .map(({ id, nodes }) => `${id}: ${nodes.map(({ target }) => target).join(" ")}`)"""
WATCHES_SHIFTS = """window.shifted = 0;
new PerformanceObserver((list) => {
  for (const entry of list.getEntries()) if (!entry.hadRecentInput) window.shifted += entry.value;
}).observe({ type: "layout-shift", buffered: true });"""
OVERFLOW = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
PAINT = "getComputedStyle(document.body).backgroundColor"


def test_the_first_load_is_light(opens: Callable[..., Page]) -> None:
    page = opens("/livez")
    answers: list[Response] = []
    page.on("response", lambda answer: answers.append(answer))  # noqa: PLW0108 - it marks its handlers
    page.goto("/", wait_until="networkidle")
    sizes = {answer.url: answer.request.sizes() for answer in answers}
    total = sum(size["responseBodySize"] + size["responseHeadersSize"] for size in sizes.values())
    assert 10_000 < total < FIRST_LOAD
    assert all(url.startswith(page.url) for url in sizes), "outside assets"
    tiles = {answer.url.partition("?size=")[2] for answer in answers if "/thumbnail" in answer.url}
    assert tiles == {"192"}, "of photographs, six of 256 pixels weigh half of the first load"


def test_nothing_jumps_and_pictures_come_when_they_are_near(
    opens: Callable[..., Page], page: Page
) -> None:
    image_id = page.locator(".tile a").first.get_attribute("data-search")
    small = opens("/livez", viewport={"width": 360, "height": 500})
    small.add_init_script(WATCHES_SHIFTS)
    fetched: list[str] = []
    small.on("request", lambda r: "size=512" in r.url and fetched.append(r.url))
    small.goto(f"/?image_id={image_id}", wait_until="networkidle")
    cards = small.locator(".card img")
    eventually(lambda: cards.first.evaluate("(image) => image.naturalWidth"))
    assert 0 < len(fetched) < cards.count()
    assert cards.evaluate_all(
        "(all) => all.every((i) => i.loading === 'lazy' && i.width && i.height)"
    )
    small.mouse.wheel(0, 20_000)
    expect(cards.nth(24)).to_be_attached()
    small.wait_for_load_state("networkidle")
    assert small.evaluate("shifted") < 0.05


def test_the_query_stays_in_sight(opens: Callable[..., Page], copy: Path) -> None:
    for width, what in ((1280, "#shown-picture"), (390, "#strip-picture")):
        page = opens(viewport={"width": width, "height": 800})
        page.set_input_files("#file", copy)
        expect(page.locator(".card").first).to_be_visible()
        page.mouse.wheel(0, 1500)
        expect(page.locator(what)).to_be_in_viewport()


def test_the_theme_follows_the_system_until_the_toggle_is_used(page: Page) -> None:
    light = page.evaluate(PAINT)
    page.emulate_media(color_scheme="dark")
    dark = page.evaluate(PAINT)
    assert dark != light
    page.get_by_role("button", name="Dark theme").click()
    assert page.evaluate(PAINT) == light
    page.reload()
    assert page.evaluate(PAINT) == light
    expect(page.get_by_role("button", name="Dark theme")).to_have_attribute("aria-pressed", "false")


def test_the_keyboard_alone_gets_from_a_picture_to_its_copies(page: Page, folder: Path) -> None:
    # Listened for before any key: Playwright takes a moment until it holds the chooser back.
    page.on("filechooser", lambda chooser: chooser.set_files(folder / "shop" / "small cat.jpg"))
    for _ in range(12):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.id") == "file":
            break
    assert page.eval_on_selector(".choose", "(e) => getComputedStyle(e).outlineStyle") == "solid"
    page.keyboard.press("Enter")
    expect(page.locator(".card.exact")).to_be_visible()
    for _ in range(40):
        page.keyboard.press("Tab")
        label = page.evaluate("document.activeElement.getAttribute('aria-label')")
        if label == "Search with this: chelsea.png":
            break
    page.keyboard.press("Enter")
    expect(page.locator(".card.exact .key").first).to_have_text("chelsea.png")
    assert page.evaluate("document.activeElement.id") == "results"


# 320 is also what 1280 pixels are at 400 %, 640 what they are at 200 %.
@pytest.mark.parametrize("width", [320, 640, 1600])
def test_nothing_sticks_out_sideways(
    page: Page, folder: Path, hostile: tuple[str, ...], width: int
) -> None:
    page.set_viewport_size({"width": width, "height": 800})
    assert page.evaluate(OVERFLOW) == 0
    for part in (".brand", ".pages", ".box"):
        assert page.locator(part).evaluate("(e) => e.scrollWidth - e.clientWidth") == 0, part
    page.set_input_files("#file", folder / "odd" / hostile[3])
    expect(page.locator(".card").first).to_be_visible()
    page.click("#filters-open")
    assert page.evaluate(OVERFLOW) == 0
    page.locator(".card .picture").first.click()
    expect(page.locator("#compare")).to_be_visible()
    assert page.locator("#compare").evaluate("(e) => e.scrollWidth - e.clientWidth") == 0


@pytest.mark.parametrize(("width", "height", "columns"), [(640, 400, 2), (400, 640, 1)])
def test_two_pictures_stand_beside_one_another_where_a_small_screen_is_wide(
    page: Page, copy: Path, width: int, height: int, columns: int
) -> None:
    page.set_viewport_size({"width": width, "height": height})
    page.set_input_files("#file", copy)
    page.locator(".card .picture").first.click()
    expect(page.locator("#compare")).to_be_visible()
    places = page.locator("#compare .pane").evaluate_all("(all) => all.map((e) => e.offsetLeft)")
    assert len({*places}) == columns


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_to_mend(
    page: Page, copy: Path, tmp_path: Path, axe: str, scheme: str
) -> None:
    page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
    page.evaluate(axe)
    assert page.evaluate(FINDS_FAULTS) == []
    page.set_input_files("#file", copy)
    expect(page.locator(".card").first).to_be_visible()
    page.click("#filters-open")
    page.click("#pick")
    expect(page).to_have_url(re.compile("box="))
    expect(page.locator("body:not(.busy)")).to_be_visible()
    assert page.evaluate(FINDS_FAULTS) == []
    page.locator(".card .picture").first.click()
    expect(page.locator("#compare")).to_be_visible()
    assert page.evaluate(FINDS_FAULTS) == []
    page.keyboard.press("Escape")
    text = tmp_path / "text.jpg"
    text.write_text("no picture")
    page.set_input_files("#file", text)
    expect(page.get_by_role("alert")).to_be_visible()
    assert page.evaluate(FINDS_FAULTS) == []


def test_what_is_chosen_is_told_apart_in_a_persons_own_few_colours(
    opens: Callable[..., Page], copy: Path
) -> None:
    page = opens(forced_colors="active")
    page.set_input_files("#file", copy)
    page.click("#filters-open")
    page.get_by_label("PNG", exact=True).check()
    expect(page.locator("#in-force li")).to_have_count(1)
    chips = page.locator("#filter-format span")
    assert ground(chips.nth(1)) != ground(chips.nth(0))
    page.locator(".card .picture").first.click()
    modes = page.locator(".modes span")
    expect(modes).to_have_count(4)
    assert ground(modes.nth(0)) != ground(modes.nth(1))


def ground(painted: Locator) -> Any:
    """Tell the colour that covers most of it, as it is painted: styles do not tell forced ones."""
    with Image.open(BytesIO(painted.screenshot())) as image:
        colours = image.convert("RGB").getcolors(image.width * image.height) or []
    return max(colours)[1]
