"""Nothing close, and all that can go wrong, each told apart."""

import re
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from playwright.sync_api import Page, Route, expect

from tests.browser.conftest import hold_time

BUSY = {"status": 503, "headers": {"Retry-After": "1"}, "json": {"detail": "the index is away"}}


@pytest.fixture
def stranger(tmp_path: Path) -> Path:
    """A picture that looks like none of the library."""
    path = tmp_path / "stranger.png"
    Image.radial_gradient("L").convert("RGB").save(path)
    return path


def answers(page: Page, *, times: int | None = None, **answer: Any) -> None:
    page.route("**/v1/search?*", lambda route: route.fulfill(**answer), times=times)


def test_nothing_close_is_said_plainly_with_what_else_to_try(page: Page, stranger: Path) -> None:
    page.set_input_files("#file", stranger)
    expect(page.locator("#verdict")).to_have_text("Nothing close")
    expect(page.locator("#group-seen")).to_have_count(0)
    expect(page.locator("#group-alike .card").first).to_be_visible()
    page.get_by_role("button", name="mirrored and turned").click()
    expect(page).to_have_url(re.compile("views=auto%2Cflip%2Crotate"))
    expect(page.get_by_label("turned", exact=True)).to_be_checked()


def test_a_copy_that_the_filters_hide_is_not_said_to_be_missing(page: Page, folder: Path) -> None:
    page.set_input_files("#file", folder / "archive" / "coffee.png")
    expect(page.locator(".card.exact")).to_be_visible()
    page.click("#filters-open")
    page.get_by_label("shop", exact=True).check()
    expect(page.locator("#verdict")).to_have_text("Nothing close")
    expect(page.locator("#status")).to_have_text("No copy of it passes the filters.")


def test_a_text_file_named_jpg_is_told_to_be_no_picture(page: Page, tmp_path: Path) -> None:
    text = tmp_path / "holiday.jpg"
    text.write_text("Dear diary")
    page.set_input_files("#file", text)
    expect(page.get_by_role("alert")).to_contain_text("not a picture")
    expect(page.locator("#trouble button")).to_have_count(0)
    expect(page.locator("#link")).to_be_hidden()  # nothing to share, nor to narrow


def test_a_cut_off_picture_is_told_to_be_damaged(page: Page, folder: Path, tmp_path: Path) -> None:
    part = tmp_path / "part.png"
    part.write_bytes((folder / "archive" / "coffee.png").read_bytes()[:600])
    page.set_input_files("#file", part)
    expect(page.get_by_role("alert")).to_contain_text("damaged")


def test_a_file_over_the_limit_is_told_to_be_too_large(page: Page, tmp_path: Path) -> None:
    large = tmp_path / "large.jpg"
    large.write_bytes(bytes(33 * 2**20))
    page.set_input_files("#file", large)
    expect(page.get_by_role("alert")).to_contain_text("too large")


@pytest.mark.parametrize("status", [429, 503])
def test_an_overload_counts_down_and_is_tried_again_by_itself(
    page: Page, copy: Path, status: int
) -> None:
    answers(page, times=2, **{**BUSY, "status": status})
    hold_time(page)
    page.set_input_files("#file", copy)
    expect(page.locator("#trouble")).to_contain_text("Trying again in 1 s")
    page.clock.resume()
    expect(page.locator(".card .key").first).to_have_text("coffee.png")
    expect(page.locator("#trouble")).to_be_hidden()


def test_the_query_shows_once_its_thumbnail_is_no_longer_refused(page: Page) -> None:
    for size in (1024, 768):
        path = f"**/thumbnail?size={size}"
        page.route(path, lambda route: route.fulfill(status=429), times=1)
    page.locator(".tile a").first.click()
    expect(page.locator("#pick")).to_be_enabled()
    expect(page.locator("#shown-picture")).not_to_have_class("absent")
    expect(page.locator("#shown-picture")).to_have_js_property("complete", value=True)


def test_trying_again_can_be_stopped_and_asked_for(page: Page, copy: Path) -> None:
    answers(page, times=1, **{**BUSY, "headers": {"Retry-After": "600"}})
    page.set_input_files("#file", copy)
    page.get_by_role("button", name="Stop").click()
    expect(page.locator("#trouble")).not_to_contain_text("Trying again in")
    page.get_by_role("button", name="Try again").click()
    expect(page.locator(".card .key").first).to_have_text("coffee.png")


def test_a_file_that_has_gone_is_told_from_a_lost_connection(page: Page, tmp_path: Path) -> None:
    gone = tmp_path / "gone.png"
    Image.radial_gradient("L").save(gone)
    page.set_input_files("#file", gone)
    expect(page.locator(".card").first).to_be_visible()
    gone.unlink()
    page.get_by_label("mirrored").check()
    expect(page.get_by_role("alert")).to_contain_text("cannot be read")


def test_a_lost_connection_is_told_from_a_refusal(page: Page, copy: Path) -> None:
    page.route("**/v1/search?*", lambda route: route.abort("connectionrefused"), times=1)
    page.set_input_files("#file", copy)
    expect(page.get_by_role("alert")).to_contain_text("cannot be reached")


def test_what_found_seenit_away_is_asked_once_more_when_it_is_back(page: Page, copy: Path) -> None:
    page.route("**/v1/**", lambda route: route.abort("connectionrefused"))
    with page.expect_event("requestfailed", lambda request: request.url.endswith("/v1/stats")):
        page.set_input_files("#file", copy)
    expect(page.get_by_role("alert")).to_contain_text("cannot be reached")
    page.unroute("**/v1/**")
    expect(page.locator(".card .key").first).to_have_text("coffee.png")
    expect(page.locator("#trouble")).to_be_hidden()


def test_search_by_address_that_is_off_is_said_kindly(page: Page) -> None:
    page.fill("#where", "https://example.org/cat.jpg")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("Save the picture and drop it here")


def test_an_address_that_gives_no_picture_says_what_to_do_instead(page: Page) -> None:
    answers(page, status=502, json={"detail": "the address gave no picture"})
    page.fill("#where", "https://example.org/cat.jpg")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("did not give a picture")


def test_a_token_is_asked_for_once_and_kept_by_no_script(page: Page, copy: Path) -> None:
    signed = False

    def guard(route: Route) -> None:
        if signed:
            route.fallback()
        else:
            route.fulfill(status=401, json={"detail": "a token is needed"})

    def session(route: Route) -> None:
        nonlocal signed
        signed = route.request.headers.get("authorization") == "Bearer open sesame"
        route.fulfill(status=204 if signed else 401, json=None if signed else {"detail": "no"})

    page.route("**/v1/search?*", guard)
    page.route("**/v1/session", session)
    page.set_input_files("#file", copy)
    expect(page.get_by_role("alert")).to_contain_text("asks for a token")
    page.get_by_label("Token").fill("guess")
    page.keyboard.press("Enter")
    expect(page.locator(".token .wrong")).to_contain_text("not accepted")
    page.get_by_label("Token").fill("open sesame")
    page.keyboard.press("Enter")
    expect(page.locator(".card .key").first).to_have_text("coffee.png")
    kept = "JSON.stringify([{...localStorage}, {...sessionStorage}, document.cookie])"
    assert "sesame" not in page.evaluate(kept)


def test_an_empty_library_says_how_pictures_get_in(page: Page) -> None:
    page.route(
        "**/v1/objects?*", lambda route: route.fulfill(json={"objects": [], "next_cursor": None})
    )
    page.reload()
    expect(page.locator(".empty")).to_contain_text("seenit add")


def test_what_makes_no_sense_in_a_link_is_left_out(page: Page) -> None:
    image_id = page.locator(".tile a").first.get_attribute("data-search")
    sizes = "format=EXE&format=PNG&min_width=1.5&min_height=-3&min_similarity=none"
    days = "modified_after=2001-99-99&modified_after=x&modified_before=9"
    page.goto(f"/?image_id={image_id}&{sizes}&{days}")
    expect(page.locator(".card").first).to_be_visible()
    expect(page.locator("#in-force li")).to_have_text(["PNG \u00d7", "at least 2 px wide \u00d7"])
    page.goto(f"/?image_id={image_id}&modified_after=2001-01-02&modified_before=2001-01-01")
    expect(page.locator("#in-force li")).to_have_text(["from 2001-01-02 \u00d7"])
    expect(page.locator(".card").first).to_be_visible()


def test_a_link_that_makes_no_sense_is_told_plainly_with_a_way_out(page: Page) -> None:
    page.goto("/library?state=rejected&reason=boredom")
    expect(page.get_by_role("alert")).to_contain_text("cannot make sense of this")
    expect(page.get_by_role("alert")).not_to_contain_text("Input should be")
    expect(page.get_by_role("button", name="Try again")).to_have_count(0)
    page.get_by_role("link", name="Start over").click()
    expect(page.locator(".sheet").first).to_be_visible()


def test_who_searched_an_empty_library_gets_an_answer_once_it_has_pictures(
    page: Page, copy: Path
) -> None:
    query = {"image_id": 64 * "0", "width": 300, "height": 200, "known": False, "preview": None}
    answers(page, json={"query": query, "thresholds": {}, "hits": [], "next_cursor": None})
    none = {"objects": 0, "images": 0, "rejected": 0, "newest": None}

    def empty(route: Route) -> None:
        answer = route.fetch()
        route.fulfill(response=answer, json=answer.json() | none)

    page.route("**/v1/stats", empty)
    page.reload()
    expect(page.locator("#totals")).to_have_text("0 pictures")
    page.set_input_files("#file", copy)
    expect(page.locator(".empty")).to_contain_text("Nothing is indexed yet")
    page.unroute_all()
    expect(page.locator(".card .key").first).to_have_text("coffee.png")
    expect(page.locator(".empty")).to_have_count(0)


def test_trouble_takes_away_what_an_earlier_answer_said(page: Page, stranger: Path) -> None:
    page.set_input_files("#file", stranger)
    page.click("#filters-open")
    page.get_by_label("BMP", exact=True).check()
    expect(page.locator(".empty")).to_contain_text("No picture passes the filters")
    page.route("**/v1/search?*", lambda route: route.abort("connectionrefused"))
    page.get_by_label("mirrored").check()
    expect(page.get_by_role("alert")).to_be_visible()
    expect(page.locator(".empty")).to_have_count(0)
