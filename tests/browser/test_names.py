"""Names that would mislead the eye: each reads as it is written, and disturbs nothing around it."""

import re
from pathlib import Path

from playwright.sync_api import Locator, Page, expect

READS_FROM_LEFT = """(element) => {
  const texts = document.createTreeWalker(element, NodeFilter.SHOW_TEXT);
  let text = texts.nextNode();
  while (text && !text.data.includes("exe")) text = texts.nextNode();
  const left = (at) => {
    const range = document.createRange();
    range.setStart(text, at);
    range.setEnd(text, at + 1);
    return range.getBoundingClientRect().left;
  };
  const at = text.data.indexOf("exe");
  return left(at) < left(at + 1) && left(at + 1) < left(at + 2);
}"""
TURNED = "invoice\u202efdp.exe.png"


def expect_honest(name: Locator) -> None:
    expect(name).to_contain_text("exe")
    assert name.evaluate(READS_FROM_LEFT)
    expect(name.locator(".sign")).to_have_attribute("data-code", "U+202E")


def searched_with(page: Page, picture: Path, name: str) -> None:
    upload = {"name": name, "mimeType": "image/png", "buffer": picture.read_bytes()}
    page.set_input_files("#file", [upload])  # type: ignore[list-item]
    expect(page.locator(".card.exact")).to_be_visible()


def test_a_name_that_overrides_the_writing_direction_still_reads_as_it_is_written(
    page: Page, folder: Path, hostile: tuple[str, ...]
) -> None:
    searched_with(page, folder / "odd" / hostile[2], TURNED)
    expect_honest(page.locator("#shown-name"))
    expect(page.locator("#shown-name bdi").first).to_have_attribute(
        "title", "invoice[U+202E]fdp.exe.png"
    )
    expect(page.locator("#shown-name")).to_have_text(TURNED)  # what is selected and copied is true
    exact = page.locator(".card.exact")
    exact.locator("summary").click()
    expect_honest(exact.locator(".key", has_text="exe").first)


def test_the_library_shows_such_names_as_they_are_written(page: Page) -> None:
    page.goto("/library?bucket=odd")
    expect_honest(page.locator(".caption", has_text="exe"))
    page.locator(".sheet", has_text="exe").click()
    expect_honest(page.locator("#look-name"))
    page.goto("/library?bucket=odd%E2%80%AEexe")
    expect_honest(page.locator("#title"))
    expect(page).to_have_title("odd[U+202E]exe \u00b7 Seenit")


def test_a_name_with_a_line_break_stays_on_its_line(page: Page, folder: Path) -> None:
    page.set_viewport_size({"width": 360, "height": 740})
    searched_with(page, folder / "archive" / "coffee.png", "one.png")
    height = page.locator("#shown-name").evaluate("(name) => name.offsetHeight")
    searched_with(
        page, folder / "archive" / "coffee.png", "one of the pictures\ntwo of the pictures.png"
    )
    expect(page.locator("#shown-name .sign")).to_have_attribute("data-code", "U+000A")
    assert page.locator("#shown-name").evaluate("(name) => name.offsetHeight") == height


def test_a_bucket_named_from_right_to_left_stands_with_the_others(page: Page) -> None:
    counts = {"objects": 1, "indexed": 1, "rejected": 0}
    named = [{"bucket": name, **counts} for name in ("archive", "\u0635\u0648\u0631")]
    page.route("**/v1/buckets", lambda route: route.fulfill(json={"buckets": named}))
    page.goto("/library")
    left = """(name) => {
      const range = document.createRange();
      range.selectNodeContents(name);
      return range.getBoundingClientRect().left;
    }"""
    names = page.locator("#buckets .name")
    expect(names).to_have_count(4)
    assert len(set(names.evaluate_all(f"(all) => all.map({left})"))) == 1


def test_a_very_long_name_does_not_widen_the_page(page: Page) -> None:
    page.set_viewport_size({"width": 360, "height": 740})
    page.goto(f"/library?bucket=archive&prefix={300 * 'x'}")
    expect(page.locator("#status")).to_have_text(re.compile("^0 pictures"))
    assert page.evaluate("document.documentElement.scrollWidth") <= 360


def test_a_name_that_is_shown_in_two_pieces_is_heard_in_one(page: Page) -> None:
    page.goto("/library?bucket=odd")
    name = page.locator(".caption .key", has_text="-end.png").text_content()
    assert name
    page.get_by_role("link", name=name, exact=True).click()
    page.get_by_role("link", name="Search with this").click()
    page.locator(".card .picture").first.click()
    key = page.locator("#compare-title").text_content()
    assert key
    expect(page.get_by_role("dialog", name=key, exact=True)).to_be_visible()


def test_of_a_name_too_long_for_its_place_the_end_is_in_sight(page: Page, folder: Path) -> None:
    page.set_viewport_size({"width": 360, "height": 740})
    page.set_input_files("#file", folder / "archive" / "coffee.png")
    page.wait_for_selector(".alike .tail")
    beyond = """(tails) => tails.map((tail) => {
      const range = document.createRange();
      range.selectNodeContents(tail);
      return range.getBoundingClientRect().right - tail.getBoundingClientRect().right;
    })"""
    assert max(page.locator(".alike .tail").evaluate_all(beyond)) < 1
