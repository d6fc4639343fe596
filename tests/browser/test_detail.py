"""A detail of the query, the filters, the views and the comparison with a hit."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image, ImageOps
from playwright.sync_api import Locator, Page, expect

REGION = re.compile(r"box=([\d.]+)%2C([\d.]+)%2C([\d.]+)%2C([\d.]+)")


def wait_for_region(page: Page, *wanted: float) -> None:
    def tells(url: str) -> bool:
        found = REGION.search(url)
        numbers = [float(number) for number in found.groups()] if found else []
        return numbers == pytest.approx(wanted, abs=0.01)

    page.wait_for_url(tells)


@pytest.fixture
def searched(page: Page, copy: Path) -> Page:
    """The page with the answer to a copy of the coffee picture."""
    page.set_input_files("#file", copy)
    expect(page.locator(".card").first).to_be_visible()
    expect(page.locator("#shown-picture")).to_have_js_property("complete", value=True)
    return page


def drag(page: Page, frame: Locator, start: tuple[float, float], end: tuple[float, float]) -> None:
    box = frame.bounding_box()
    assert box is not None
    (x, y), (u, v) = start, end
    page.mouse.move(box["x"] + x * box["width"], box["y"] + y * box["height"])
    page.mouse.down()
    page.mouse.move(box["x"] + u * box["width"], box["y"] + v * box["height"], steps=4)
    page.mouse.up()


def test_a_detail_is_drawn_moved_resized_and_removed_with_the_mouse(searched: Page) -> None:
    page, frame = searched, searched.locator("#frame")
    with page.expect_response(re.compile("box=")) as answered:
        drag(page, frame, (0.2, 0.1), (0.7, 0.8))
    assert answered.value.ok
    wait_for_region(page, 0.2, 0.1, 0.5, 0.7)
    drag(page, frame, (0.4, 0.4), (0.5, 0.3))
    wait_for_region(page, 0.3, 0, 0.5, 0.7)
    drag(page, frame, (0.8, 0.7), (0.9, 0.6))
    wait_for_region(page, 0.3, 0, 0.6, 0.6)
    expect(page.locator(".card .key").first).to_have_text("coffee.png")
    page.click("#pick")
    expect(page.locator("#detail")).to_be_hidden()
    expect(page).not_to_have_url(re.compile("box="))


def test_a_detail_is_chosen_with_the_keyboard_alone(searched: Page) -> None:
    page = searched
    page.locator("#pick").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#detail")).to_be_focused()
    expect(page).to_have_url(re.compile("box=0.25%2C0.25%2C0.5%2C0.5"))
    for key in ("ArrowLeft", "ArrowLeft", "ArrowUp", "Shift+ArrowRight", "Shift+ArrowDown"):
        page.keyboard.press(key)
    expect(page).to_have_url(re.compile("box=0.21%2C0.23%2C0.52%2C0.52"))
    expect(page.locator("#detail-words")).to_contain_text("21 % from the left")
    page.keyboard.press("Delete")
    expect(page.locator("#pick")).to_be_focused()
    expect(page).not_to_have_url(re.compile("box="))


def test_a_finger_scrolls_over_the_picture_until_a_detail_is_wanted(
    opens: Callable[..., Page], copy: Path
) -> None:
    page = opens(viewport={"width": 390, "height": 800}, has_touch=True, is_mobile=True)
    page.set_input_files("#file", copy)
    expect(page.locator(".card").first).to_be_visible()
    frame = page.locator("#frame")
    expect(frame).to_have_css("touch-action", "auto")
    expect(page.locator(".camera")).to_be_visible()
    assert page.get_attribute("#camera", "capture") == "environment"
    page.tap("#pick")
    expect(frame).to_have_css("touch-action", "none")
    expect(page).to_have_url(re.compile("box="))


def test_a_detail_and_filters_are_part_of_the_link(
    page: Page, opens: Callable[..., Page], folder: Path
) -> None:
    page.set_input_files("#file", folder / "archive" / "chelsea.png")
    expect(page.locator(".card.exact")).to_be_visible()
    page.click("#filters-open")
    page.get_by_label("shop", exact=True).check()
    page.get_by_label("PNG", exact=True).check()
    expect(page.locator(".card")).to_have_count(1)
    page.locator("#least").fill("60")
    page.click("#pick")
    page.get_by_label("mirrored").check()
    expect(page).to_have_url(re.compile("box=.*views=auto%2Cflip.*min_similarity=0.6"))
    other = opens(page.url)
    expect(other.locator(".card .key").first).to_have_text("the same cat.png")
    expect(other.locator("#in-force li")).to_have_text(["in shop \u00d7", "PNG \u00d7"])
    expect(other.locator("#least-value")).to_contain_text("60 % and up")
    expect(other.locator("#detail")).to_be_visible()
    expect(other.get_by_label("mirrored")).to_be_checked()
    other.get_by_role("button", name="Remove the filter: in shop").click()
    expect(other).not_to_have_url(re.compile("bucket="))
    expect(other.locator("#filters-open")).to_be_focused()


def test_every_filter_reaches_the_api_in_its_own_words(searched: Page) -> None:
    page = searched
    page.click("#filters-open")
    given = {
        "Key starts with": "co",
        "Owner": "sku",
        "Width at least": "10",
        "Height at least": "20",
        "Changed from": "2020-01-31",
    }
    for label, value in given.items():
        page.get_by_label(label).fill(value)
    with page.expect_response(re.compile("/v1/search.*modified_before")) as answered:
        page.get_by_label("Changed until").fill("2099-12-31")
        page.keyboard.press("Tab")
    asked = answered.value.url
    for part in ("prefix=co", "user_key=sku", "min_width=10", "min_height=20"):
        assert part in asked
    assert re.search(
        r"modified_after=2020-01-3[01]T.*modified_before=(2099-12-31|2100-01-01)T", asked
    )
    expect(page.locator("#verdict")).to_have_text("Nothing found")
    page.get_by_role("button", name="Remove the filters").click()
    expect(page.locator(".card").first).to_be_visible()


def test_a_day_that_is_typed_filters_once_it_is_whole_and_makes_sense(searched: Page) -> None:
    asked: list[str] = []
    searched.on("request", lambda request: asked.append(request.url))
    searched.click("#filters-open")
    first, last = searched.get_by_label("Changed from"), searched.get_by_label("Changed until")
    first.focus()
    searched.keyboard.type("01022026")
    expect(first).to_have_value("2026-01-02")
    expect(searched).to_have_url(re.compile("modified_after=2026-01-02"))
    last.focus()
    searched.keyboard.type("01012026")
    expect(last).to_have_value("2026-01-01")
    assert last.evaluate("(field) => field.validationMessage")
    searched.keyboard.press("ArrowUp")
    expect(searched).to_have_url(re.compile("modified_before=2027-01-01"))
    expect(searched.locator("#trouble")).to_be_hidden()
    searches = [url for url in asked if "/v1/search" in url]
    assert ["modified_before" in url for url in searches] == [False, True]


def test_a_turned_copy_is_found_when_asked_for_and_says_how_it_matched(
    page: Page, folder: Path, tmp_path: Path
) -> None:
    turned = tmp_path / "turned.png"
    coffee = Image.open(folder / "archive" / "coffee.png")
    ImageOps.mirror(coffee).transpose(Image.Transpose.ROTATE_90).save(turned)
    page.set_input_files("#file", turned)
    expect(page.locator(".card").first).to_be_visible()
    page.get_by_label("mirrored").check()
    page.get_by_label("turned", exact=True).check()
    first = page.locator(".card").first
    expect(first.locator(".view")).to_have_text("Found mirrored, turned to the left")
    expect(first.locator(".key").first).to_have_text("coffee.png")
    first.locator(".picture").click()
    canvas = page.locator("#compare canvas")
    assert canvas.evaluate("(c) => c.width > c.height"), "drawn the way it matched"


def test_hits_are_compared_in_every_way_by_keyboard(searched: Page) -> None:
    page = searched
    first, second = (page.locator(".card .picture").nth(place) for place in (0, 1))
    first.focus()
    page.keyboard.press("Enter")
    dialog = page.locator("#compare")
    expect(dialog).to_be_visible()
    expect(page.locator("#compare-title")).to_have_text("coffee.png")
    page.keyboard.press("ArrowRight")  # as it is, nothing chosen yet
    expect(dialog.locator(".at")).to_have_text(re.compile("^2 of"))
    page.keyboard.press("ArrowLeft")
    expect(page.locator("#compare-title")).to_have_text("coffee.png")
    expect(dialog.locator("canvas")).to_be_visible()
    expect(dialog.locator(".theirs img")).to_have_js_property("complete", value=True)
    for mode in ("fade", "curtain", "blink", "beside"):
        dialog.locator(f"input[value={mode}]").check()
        expect(dialog.locator(".stage")).to_have_attribute("data-mode", mode)
        expect(dialog.get_by_role("slider")).to_be_visible(visible=mode in {"fade", "curtain"})
    dialog.get_by_role("button", name="Close").focus()
    page.keyboard.press("ArrowRight")
    expect(dialog.locator(".at")).to_have_text(re.compile("^2 of"))
    page.keyboard.press("+")
    expect(dialog.locator(".stage.near")).to_have_count(1)
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    expect(second).to_be_focused()


def test_going_back_closes_the_comparison(searched: Page) -> None:
    searched.locator(".card .picture").first.click()
    expect(searched.locator("#compare")).to_be_visible()
    searched.go_back()
    expect(searched.locator("#verdict")).to_have_text("From your library")
    expect(searched.locator("#compare")).to_be_hidden()


def test_the_detail_is_what_a_hit_is_compared_with(searched: Page) -> None:
    page = searched
    shape = "(canvas) => canvas.width / canvas.height"
    page.click("#pick")
    page.locator("#detail").press("Shift+ArrowRight")
    expect(page).to_have_url(re.compile("%2C0.52%2C0.5"))
    expect(page.locator("#pictures[aria-busy=false] .card").first).to_be_visible()
    page.locator(".card .picture").first.click()
    expect(page.locator(".mine figcaption")).to_have_text("Your detail")
    assert page.locator("#compare canvas").evaluate(shape) == pytest.approx(
        300 * 0.52 / (200 * 0.5), abs=0.02
    )
    page.locator("#compare").get_by_role("link", name="Search with this").click()
    expect(page.locator("#compare")).to_be_hidden()
    expect(page.locator("#verdict")).to_have_text("In the library")


def test_where_the_query_holds_a_hit_is_shown_on_it_and_compared(
    page: Page, folder: Path, tmp_path: Path
) -> None:
    screen = Image.new("RGB", (1200, 900), "white")
    coffee = Image.open(folder / "archive" / "coffee.png").convert("RGB").resize((480, 320))
    screen.paste(coffee, (600, 90))
    screen.save(tmp_path / "screen.png")
    page.set_input_files("#file", tmp_path / "screen.png")
    card, spot = page.locator("#group-seen .card"), page.locator("#spot")
    expect(card).to_contain_text("Found inside your picture, top right")
    expect(page.locator("#status")).to_contain_text("found inside your picture")
    expect(spot).to_be_hidden()
    card.hover()
    expect(spot).to_be_visible()
    frame, lies = page.locator("#frame").bounding_box(), spot.bounding_box()
    assert frame is not None
    assert lies is not None
    assert (lies["x"] - frame["x"]) / frame["width"] == pytest.approx(0.5, abs=0.05)
    assert (lies["y"] - frame["y"]) / frame["height"] == pytest.approx(0.1, abs=0.05)
    assert lies["width"] / frame["width"] == pytest.approx(0.4, abs=0.05)
    page.hover("#verdict")
    expect(spot).to_be_hidden()
    card.locator(".picture").focus()
    expect(spot).to_be_visible()
    page.keyboard.press("Enter")
    stage = page.locator("#compare .stage")
    expect(stage.get_by_role("img", name="Inside your picture")).to_be_visible()
    expect(stage.locator(".where canvas")).to_be_visible()
    shape = stage.locator("canvas[role]").evaluate("(e) => e.width / e.height")
    assert shape == pytest.approx(1.5, abs=0.2)
