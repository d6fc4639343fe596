"""The page, as a person uses it in a browser, over a real `seenit up`."""

import base64
import io
import re
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Page, expect

DROPS = """(encoded) => {
  const bytes = Uint8Array.from(atob(encoded), (letter) => letter.charCodeAt(0));
  const transfer = new DataTransfer();
  transfer.items.add(new File([bytes], "dropped.jpg", { type: "image/jpeg" }));
  return transfer;
}"""
COPIES = """async (encoded) => {
  const bytes = Uint8Array.from(atob(encoded), (letter) => letter.charCodeAt(0));
  const picture = new Blob([bytes], { type: "image/png" });
  await navigator.clipboard.write([new ClipboardItem({ "image/png": picture })]);
}"""
FINDS_FAULTS = """async () => (await axe.run()).violations
  .map(({ id, nodes }) => `${id}: ${nodes.map(({ target }) => target).join(" ")}`)"""


def edited(folder: Path, form: str) -> bytes:
    """A smaller copy of a picture of the library, which the library does not hold."""
    picture = Image.open(folder / "archive" / "coffee.png").convert("RGB").resize((300, 200))
    data = io.BytesIO()
    picture.save(data, form)
    return data.getvalue()


def choose(page: Page, path: Path | str) -> None:
    page.set_input_files("#file", path)


def expect_coffee_first(page: Page) -> None:
    first = page.locator(".card").first
    expect(first.locator(".key").first).to_have_text("coffee.png")
    expect(first.locator(".badge")).to_have_text(re.compile("near-duplicate"))
    expect(page.locator("#shown-facts")).to_contain_text("300 \u00d7 200")


def test_a_dropped_copy_finds_its_original_first(page: Page, folder: Path) -> None:
    transfer = page.evaluate_handle(DROPS, base64.b64encode(edited(folder, "JPEG")).decode())
    page.dispatch_event("main", "drop", {"dataTransfer": transfer})
    expect_coffee_first(page)


def test_a_pasted_copy_finds_its_original_first(page: Page, folder: Path) -> None:
    page.evaluate(COPIES, base64.b64encode(edited(folder, "PNG")).decode())
    page.keyboard.press("Control+v")
    expect_coffee_first(page)


def test_a_chosen_copy_finds_its_original_first(page: Page, folder: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy.jpg"
    copy.write_bytes(edited(folder, "JPEG"))
    choose(page, copy)
    expect_coffee_first(page)
    expect(page.locator("#shown-name")).to_have_text("copy.jpg")


def test_the_very_file_is_exact_and_all_its_places_are_named(page: Page, folder: Path) -> None:
    choose(page, folder / "archive" / "chelsea.png")
    expect(page.locator("#verdict")).to_have_text("Yes, seen before")
    expect(page.locator("#status")).to_contain_text("in 2 places; 1 near-duplicate")
    exact = page.locator("#group-seen .card.exact")
    expect(exact.locator(".figure")).to_have_text("100 %")
    exact.locator("summary").click()
    expect(exact.locator(".places .key")).to_have_text("the same cat.png")
    expect(page.locator("#group-alike .card").first).to_be_visible()
    expect(page).to_have_url(re.compile(r"\?image_id=[0-9a-f]{64}$"))


def test_a_pasted_image_id_searches_with_that_image(page: Page) -> None:
    image_id = page.locator(".tile a").first.get_attribute("data-search")
    page.evaluate("(text) => navigator.clipboard.writeText(text)", image_id)
    page.keyboard.press("Control+v")
    expect(page).to_have_url(re.compile(f"image_id={image_id}"))
    expect(page.locator(".card.exact")).to_be_visible()


def test_clicking_a_hit_searches_with_it_and_back_returns(page: Page, folder: Path) -> None:
    choose(page, folder / "shop" / "small cat.jpg")
    expect(page.locator("#verdict")).to_have_text("Yes, seen before")
    original = page.locator(".card.near_duplicate").first
    image_id = original.get_attribute("data-image-id")
    original.locator("img").click()
    expect(page).to_have_url(re.compile(f"image_id={image_id}"))
    expect(page.locator("#verdict")).to_have_text("In the library")
    page.go_back()
    expect(page.locator("#shown-name")).to_have_text("small cat.jpg")
    page.go_back()
    expect(page.locator(".tile").first).to_be_visible()
    page.go_forward()
    page.reload()
    expect(page.locator(".card.exact .key").first).to_have_text("small cat.jpg")


def test_the_filters_narrow_a_search_and_are_part_of_its_address(page: Page, folder: Path) -> None:
    choose(page, folder / "archive" / "chelsea.png")
    expect(page.locator(".card.exact")).to_be_visible()
    page.select_option("#bucket", "shop")
    expect(page.locator(".card")).to_have_count(2)
    page.locator("#least").fill("100")
    expect(page.locator(".card")).to_have_count(1)
    expect(page).to_have_url(re.compile("bucket=shop&min_similarity=1$"))
    page.reload()
    expect(page.locator("#bucket")).to_have_value("shop")
    expect(page.locator("#least-value")).to_have_text("100 %")
    expect(page.locator(".card .key").first).to_have_text("the same cat.png")


def test_more_shows_the_rest_once_each(page: Page, hostile: tuple[str, ...]) -> None:
    page.locator("#more").click()
    expect(page.locator("#more")).to_be_hidden()
    shown = page.eval_on_selector_all(".tile a", "(links) => links.map((a) => a.dataset.search)")
    assert len(shown) == len(set(shown)) > 24 - len(hostile)


def test_a_text_file_named_jpg_is_told_to_be_no_picture(page: Page, tmp_path: Path) -> None:
    text = tmp_path / "holiday.jpg"
    text.write_text("Dear diary")
    choose(page, text)
    expect(page.get_by_role("alert")).to_contain_text("not a picture")
    expect(page.locator("#trouble button")).to_have_count(0)


def test_a_file_over_the_limit_is_told_to_be_too_large(page: Page, tmp_path: Path) -> None:
    large = tmp_path / "large.jpg"
    large.write_bytes(bytes(33 * 2**20))
    choose(page, large)
    expect(page.get_by_role("alert")).to_contain_text("too large", timeout=30_000)


def test_a_part_that_is_down_is_told_and_trying_again_works(page: Page, folder: Path) -> None:
    page.route(
        "**/v1/search",
        lambda route: route.fulfill(
            status=503,
            headers={"Retry-After": "7"},
            json={"detail": "the index does not answer now"},
        ),
        times=1,
    )
    choose(page, folder / "archive" / "coffee.png")
    expect(page.get_by_role("alert")).to_contain_text("Try again in 7 s")
    page.get_by_role("button", name="Try again").click()
    expect(page.locator(".card.exact .key").first).to_have_text("coffee.png")
    expect(page.locator("#trouble")).to_be_hidden()


def test_a_lost_connection_is_told_from_a_refusal(page: Page, folder: Path) -> None:
    page.route("**/v1/search", lambda route: route.abort("connectionrefused"), times=1)
    choose(page, folder / "archive" / "coffee.png")
    expect(page.get_by_role("alert")).to_contain_text("cannot be reached")


def test_an_empty_library_says_how_pictures_get_in(page: Page) -> None:
    page.route(
        "**/v1/objects?*", lambda route: route.fulfill(json={"objects": [], "next_cursor": None})
    )
    page.reload()
    expect(page.locator(".empty")).to_contain_text("seenit add")


def test_hostile_names_are_only_ever_text(
    page: Page, folder: Path, hostile: tuple[str, ...]
) -> None:
    choose(page, folder / "odd" / hostile[0])
    exact = page.locator(".card.exact")
    exact.locator("summary").click()
    keys = exact.locator(".key")
    assert set(hostile) <= set(keys.evaluate_all("(all) => all.map((key) => key.textContent)"))
    assert set(hostile) <= set(keys.evaluate_all("(all) => all.map((key) => key.title)"))
    expect(page.locator("main script")).to_have_count(0)
    expect(page).to_have_title("Yes, seen before · Seenit")
    widths = exact.locator(".key").evaluate_all(
        "(all) => all.map((key) => key.getBoundingClientRect().right)"
    )
    edge = exact.evaluate("(card) => card.getBoundingClientRect().right")
    assert max(widths) <= edge


def test_a_key_is_copied_byte_for_byte(page: Page, folder: Path) -> None:
    choose(page, folder / "shop" / "small cat.jpg")
    page.get_by_role("button", name="Copy key: small cat.jpg").click()
    expect(page.get_by_text("Copied")).to_be_visible()
    assert page.evaluate("navigator.clipboard.readText()") == "small cat.jpg"


def test_the_theme_follows_the_system_until_the_toggle_is_used(page: Page) -> None:
    paint = "getComputedStyle(document.body).backgroundColor"
    light = page.evaluate(paint)
    page.emulate_media(color_scheme="dark")
    dark = page.evaluate(paint)
    assert dark != light
    page.get_by_role("button", name="Dark theme").click()
    assert page.evaluate(paint) == light
    page.reload()
    assert page.evaluate(paint) == light
    expect(page.get_by_role("button", name="Dark theme")).to_have_attribute("aria-pressed", "false")


def test_the_keyboard_alone_gets_from_a_picture_to_its_copies(page: Page, folder: Path) -> None:
    # Listened for before any key: Playwright takes a moment until it holds the chooser back.
    page.on("filechooser", lambda chooser: chooser.set_files(folder / "shop" / "small cat.jpg"))
    for _ in range(10):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.id") == "file":
            break
    assert page.eval_on_selector(".choose", "(e) => getComputedStyle(e).outlineStyle") == "solid"
    page.keyboard.press("Enter")
    expect(page.locator(".card.exact")).to_be_visible()
    for _ in range(30):
        page.keyboard.press("Tab")
        label = page.evaluate("document.activeElement.getAttribute('aria-label')")
        if label == "Search with this: chelsea.png":
            break
    page.keyboard.press("Enter")
    expect(page.locator(".card.exact .key").first).to_have_text("chelsea.png")
    assert page.evaluate("document.activeElement.id") == "results"


@pytest.mark.parametrize("width", [320, 768, 1600])
def test_nothing_sticks_out_sideways(
    page: Page, folder: Path, hostile: tuple[str, ...], width: int
) -> None:
    page.set_viewport_size({"width": width, "height": 800})
    overflow = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    assert page.evaluate(overflow) == 0
    choose(page, folder / "odd" / hostile[3])
    expect(page.locator(".card").first).to_be_visible()
    assert page.evaluate(overflow) == 0


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_to_mend(page: Page, folder: Path, axe: str, scheme: str) -> None:
    page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
    page.evaluate(axe)
    assert page.evaluate(FINDS_FAULTS) == []
    choose(page, folder / "archive" / "chelsea.png")
    expect(page.locator(".card.exact")).to_be_visible()
    assert page.evaluate(FINDS_FAULTS) == []
