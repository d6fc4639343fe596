"""The ways a picture gets in, what comes out, and what can be shared."""

import base64
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Page, Route, expect

from tests.browser.conftest import hold_time

DROPS = """(encoded) => {
  const bytes = Uint8Array.from(atob(encoded), (letter) => letter.charCodeAt(0));
  const transfer = new DataTransfer();
  transfer.items.add(new File([bytes], "dropped.jpg", { type: "image/jpeg" }));
  return transfer;
}"""
DROPS_ALL = """(encoded) => {
  const bytes = Uint8Array.from(atob(encoded), (letter) => letter.charCodeAt(0));
  const transfer = new DataTransfer();
  transfer.items.add(new File(["Dear diary"], "diary.txt", { type: "text/plain" }));
  for (const name of ["first.jpg", "second.jpg"]) {
    transfer.items.add(new File([bytes], name, { type: "image/jpeg" }));
  }
  return transfer;
}"""
COPIES = """async (encoded) => {
  const bytes = Uint8Array.from(atob(encoded), (letter) => letter.charCodeAt(0));
  const bitmap = await createImageBitmap(new Blob([bytes]));
  const canvas = new OffscreenCanvas(bitmap.width, bitmap.height);
  canvas.getContext("2d").drawImage(bitmap, 0, 0);
  const picture = await canvas.convertToBlob({ type: "image/png" });
  await navigator.clipboard.write([new ClipboardItem({ "image/png": picture })]);
}"""
READS = "navigator.clipboard.readText()"


def encoded(path: Path) -> str:
    return base64.b64encode(path.read_bytes()).decode()


def choose(page: Page, path: Path) -> None:
    page.set_input_files("#file", path)


def expect_coffee_first(page: Page) -> None:
    first = page.locator(".card").first
    expect(first.locator(".key").first).to_have_text("coffee.png")
    expect(first.locator(".badge")).to_have_text("Near-duplicate")
    expect(page.locator("#shown-facts")).to_contain_text("300 \u00d7 200")


def test_a_dropped_copy_finds_its_original_first(page: Page, copy: Path) -> None:
    transfer = page.evaluate_handle(DROPS, encoded(copy))
    page.dispatch_event("main", "drop", {"dataTransfer": transfer})
    expect_coffee_first(page)


def test_of_several_files_the_first_picture_is_searched_and_said_to_be_one_of_them(
    page: Page, copy: Path
) -> None:
    transfer = page.evaluate_handle(DROPS_ALL, encoded(copy))
    page.dispatch_event("main", "drop", {"dataTransfer": transfer})
    expect_coffee_first(page)
    expect(page.locator("#shown-name")).to_have_text("first.jpg")
    expect(page.locator("#note")).to_contain_text("one picture at a time")


def test_a_pasted_copy_finds_its_original_first(page: Page, copy: Path) -> None:
    page.evaluate(COPIES, encoded(copy))
    page.keyboard.press("Control+v")
    expect_coffee_first(page)


def test_a_picture_pasted_while_the_address_field_has_the_focus_is_searched(
    page: Page, copy: Path
) -> None:
    page.evaluate(COPIES, encoded(copy))
    page.locator("#where").focus()
    page.keyboard.press("Control+v")
    expect_coffee_first(page)


def test_a_picture_pasted_where_nothing_is_typed_is_searched_and_text_where_it_is_stays(
    page: Page, copy: Path, folder: Path
) -> None:
    choose(page, folder / "archive" / "chelsea.png")
    expect(page.locator(".card.exact")).to_be_visible()
    page.get_by_label("mirrored").check()
    page.evaluate(COPIES, encoded(copy))
    page.keyboard.press("Control+v")
    expect_coffee_first(page)
    page.evaluate("(text) => navigator.clipboard.writeText(text)", "0" * 64)
    page.locator("#filters-open").click()
    page.get_by_label("Key starts with").focus()
    page.keyboard.press("Control+v")
    expect(page.get_by_label("Key starts with")).to_have_value("0" * 64)


def test_a_chosen_copy_finds_its_original_first(page: Page, copy: Path) -> None:
    choose(page, copy)
    expect_coffee_first(page)
    expect(page.locator("#shown-name")).to_have_text("copy.jpg")


def test_the_very_file_is_the_same_and_all_its_places_are_named(page: Page, folder: Path) -> None:
    choose(page, folder / "archive" / "chelsea.png")
    expect(page.locator("#verdict")).to_have_text("Yes, seen before")
    expect(page.locator("#status")).to_contain_text("in 2 places; 1 near-duplicate")
    exact = page.locator("#group-seen .card.exact")
    expect(exact.locator(".badge")).to_have_text("Same file")
    expect(exact.locator(".figure")).to_have_text("100 %")
    exact.locator("summary").click()
    expect(exact.locator(".places .key")).to_have_text("the same cat.png")
    expect(page.locator("#group-alike .card").first).to_be_visible()


def test_a_pasted_image_id_searches_with_that_image(page: Page) -> None:
    image_id = page.locator(".tile a").first.get_attribute("data-search")
    page.evaluate("(text) => navigator.clipboard.writeText(text)", image_id)
    page.keyboard.press("Control+v")
    expect(page).to_have_url(re.compile(f"image_id={image_id}"))
    expect(page.locator(".card.exact")).to_be_visible()


def test_an_object_is_searched_by_its_name_and_can_be_shared(
    page: Page, opens: Callable[..., Page]
) -> None:
    page.fill("#where", "shop/the same cat.png")
    page.keyboard.press("Enter")
    expect(page.locator(".card.exact .key").first).to_have_text("chelsea.png")
    expect(page).to_have_url(re.compile(r"\?bucket=shop&key=the\+same\+cat.png$"))
    expect(opens(page.url).locator(".card.exact")).to_be_visible()


def test_every_link_of_this_seenit_names_its_picture(page: Page) -> None:
    known = page.evaluate("fetch('/v1/objects?bucket=shop&limit=1000').then((r) => r.json())")
    (cat,) = (each for each in known["objects"] if each["key"] == "the same cat.png")
    links = (
        "/?bucket=shop&key=the+same+cat.png",
        f"/?image_id={cat['image_id'].upper()}",
        f"/library?bucket=shop&image={cat['image_id']}",
        f"/v1/images/{cat['image_id']}/thumbnail?size=512",
        cat["url"],
    )
    for link in links:
        page.locator("#where").fill(page.evaluate("(link) => location.origin + link", link))
        page.keyboard.press("Enter")
        expect(page.locator("#verdict")).to_have_text("In the library")
        page.locator("#clear").click()
        expect(page.locator("#verdict")).to_have_text("From your library")


@pytest.mark.parametrize("words", ["my cat", "https://[", "file:///home/cat.jpg"])
def test_what_names_no_picture_is_told_beside_the_field(page: Page, words: str) -> None:
    page.fill("#where", words)
    page.keyboard.press("Enter")
    expect(page.locator("#where-wrong")).to_contain_text("neither a web address nor")


def test_a_bucket_may_have_spaces_in_its_name(page: Page) -> None:
    page.fill("#where", "my pictures/the cat.png")
    with page.expect_request("**/v1/search?bucket=my+pictures&key=the+cat.png&*"):
        page.keyboard.press("Enter")


def test_the_documents_lead_back_to_the_page(page: Page) -> None:
    page.goto("/docs")
    page.get_by_role("link", name="Search", exact=True).click()
    expect(page.locator(".tile").first).to_be_visible()


def test_web_addresses_are_asked_for_only_where_they_are_searched(page: Page) -> None:
    field = page.locator("#where")
    expect(page.locator("#totals")).not_to_be_empty()
    expect(field).to_have_attribute("placeholder", "bucket/key or image_id")

    def with_addresses(route: Route) -> None:
        answer = route.fetch()
        route.fulfill(response=answer, json=answer.json() | {"url_search": True})

    page.route("**/v1/stats", with_addresses)
    page.reload()
    expect(field).to_have_attribute("placeholder", "Web address, or bucket/key")
    expect(page.get_by_label("Web address, image_id or bucket/key")).to_be_visible()


def test_a_picture_at_a_web_address_is_shown_as_the_api_encoded_it(page: Page, copy: Path) -> None:
    asked: list[str] = []
    library = page.url
    preview = f"data:image/jpeg;base64,{encoded(copy)}"
    image_id = page.locator(".tile a").first.get_attribute("data-search")

    def answer(route: Route) -> None:
        asked.append(route.request.url)
        found = route.fetch(url=f"{library}v1/search?image_id={image_id}").json()
        found["query"] |= {"known": False, "preview": preview, "width": 300, "height": 200}
        route.fulfill(json=found)

    page.route("**/v1/search?url=*", answer)
    page.fill("#where", "https://example.org/coffee.jpg")
    page.keyboard.press("Enter")
    expect(page.locator("#shown-picture")).to_have_attribute("src", preview)
    expect(page.locator("#frame")).not_to_have_class(re.compile("bare"))
    expect(page.locator("#pick")).to_be_enabled()
    expect(page.locator("#shown-name")).to_have_text("coffee.jpg")
    expect(page.locator("#shown-facts")).to_contain_text("example.org")
    assert "preview=" in asked[0]


def test_a_file_that_the_browser_cannot_paint_is_shown_all_the_same(
    page: Page, copy: Path, tmp_path: Path
) -> None:
    scan = tmp_path / "scan.tif"
    Image.open(copy).save(scan)
    choose(page, scan)
    expect_coffee_first(page)
    expect(page.locator("#shown-picture")).to_have_attribute("src", re.compile("^data:image/webp"))
    expect(page.locator("#frame")).not_to_have_class(re.compile("bare"))


def test_a_known_upload_becomes_a_link_that_another_person_can_open(
    page: Page, opens: Callable[..., Page], folder: Path
) -> None:
    choose(page, folder / "archive" / "coffee.png")
    expect(page).to_have_url(re.compile(r"\?image_id=[0-9a-f]{64}$"))
    hold_time(page)
    page.click("#link")
    expect(page.locator("#link")).to_have_text("Copied")
    link = page.evaluate(READS)
    assert link == page.url
    other = opens(link)
    expect(other.locator(".card.exact .key")).to_have_text("coffee.png")
    expect(other.locator("#shown-name")).to_have_text("coffee.png")


def test_an_unknown_upload_is_said_not_to_fit_into_a_link(page: Page, copy: Path) -> None:
    choose(page, copy)
    expect_coffee_first(page)
    page.click("#link")
    expect(page.locator("#note")).to_contain_text("no link can carry it")
    page.reload()
    expect(page.locator("#note")).to_contain_text("Drop it once more")


def test_searching_with_a_hit_and_going_back_and_forward(page: Page, folder: Path) -> None:
    choose(page, folder / "shop" / "small cat.jpg")
    expect(page.locator("#verdict")).to_have_text("Yes, seen before")
    original = page.locator(".card.near_duplicate").first
    image_id = original.get_attribute("data-image-id")
    original.hover()
    original.get_by_role("link", name="Search with this").click()
    expect(page).to_have_url(re.compile(f"image_id={image_id}"))
    expect(page.locator("#verdict")).to_have_text("In the library")
    page.go_back()
    expect(page.locator("#shown-name")).to_have_text("small cat.jpg")
    page.go_back()
    expect(page.locator(".tile").first).to_be_visible()
    page.go_forward()
    page.reload()
    expect(page.locator(".card.exact .key").first).to_have_text("small cat.jpg")


def test_going_back_shows_the_hits_where_they_were_left(page: Page, copy: Path) -> None:
    choose(page, copy)
    expect(page.locator(".card").first).to_be_visible()
    page.mouse.wheel(0, 20_000)
    last = page.locator(".card").nth(24)
    last.scroll_into_view_if_needed()
    expect(page.locator("#more")).to_be_hidden()
    shown, place = page.locator(".card").count(), page.evaluate("scrollY")
    last.locator(".again").dispatch_event("click")
    expect(page.locator("#verdict")).to_have_text("In the library")
    assert page.evaluate("scrollY") == 0
    page.go_back()
    expect(page.locator("#shown-name")).to_have_text("copy.jpg")
    expect(page.locator(".card")).to_have_count(shown)
    assert page.evaluate("scrollY") == place
    expect(page.locator("#shown-facts")).to_contain_text("300 \u00d7 200")
    page.get_by_label("mirrored").check()  # what is asked from here on is about this picture
    expect_coffee_first(page)


def test_skipping_to_the_pictures_keeps_an_unknown_upload(page: Page, copy: Path) -> None:
    choose(page, copy)
    expect_coffee_first(page)
    page.locator(".skip").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#results")).to_be_focused()
    expect_coffee_first(page)
    assert "#" not in page.url


def test_the_hits_go_on_by_themselves_while_one_scrolls_each_once(page: Page) -> None:
    page.locator(".tile a").first.click()
    expect(page.locator(".card").first).to_be_visible()
    page.mouse.wheel(0, 20_000)
    expect(page.locator(".card").nth(24)).to_be_attached()
    shown = page.eval_on_selector_all(".card", "(all) => all.map((card) => card.dataset.imageId)")
    assert len(shown) == len(set(shown))


def test_the_hits_that_are_shown_do_not_fade_while_more_come(page: Page) -> None:
    page.route("**/v1/search?*cursor=*", lambda _: None)  # which never answers
    page.locator(".tile a").first.click()
    page.wait_for_selector(".card")
    page.evaluate("scrollTo(0, document.body.scrollHeight)")
    expect(page.locator("#end")).to_have_text("More to come…")
    expect(page.locator("body")).not_to_have_class(re.compile("busy"))


def test_hostile_names_are_only_ever_text(
    page: Page, folder: Path, hostile: tuple[str, ...]
) -> None:
    choose(page, folder / "odd" / hostile[0])
    exact = page.locator(".card.exact")
    exact.locator("summary").click()
    keys = exact.locator(".key")
    assert set(hostile) <= set(keys.evaluate_all("(all) => all.map((key) => key.textContent)"))
    titles = {name.replace("\u202e", "[U+202E]") for name in hostile}
    assert titles <= set(keys.evaluate_all("(all) => all.map((key) => key.title)"))
    exact.locator(".picture").click()
    expect(page.locator("#compare-title .key")).to_have_text(
        exact.locator(".key").first.text_content() or ""
    )
    expect(page.locator("main script, dialog script")).to_have_count(0)
    expect(page).to_have_title("Yes, seen before · Seenit")
    right = "(all) => all.map((key) => key.getBoundingClientRect().right)"
    edge = exact.evaluate("(card) => card.getBoundingClientRect().right")
    assert max(keys.evaluate_all(right)) <= edge


def test_a_key_is_copied_byte_for_byte(page: Page, folder: Path) -> None:
    choose(page, folder / "shop" / "small cat.jpg")
    hold_time(page)
    page.get_by_role("button", name="Copy key: small cat.jpg").click()
    expect(page.get_by_text("Copied")).to_be_visible()
    assert page.evaluate(READS) == "small cat.jpg"
