"""What is installed may be used and handed on, or the page says why it is there all the same."""

import pytest

from locks.licences import NVIDIA, PAGE, page, refused, stated


@pytest.fixture(scope="module")
def licences() -> dict[str, str]:
    return stated()


def test_every_package_that_seenit_runs_with_has_a_licence_on_the_list(licences):
    assert len(licences) > 90
    assert refused(licences) == []


@pytest.mark.parametrize("licence", ["GPL-3.0", "MIT AND AGPL-3.0", "UNKNOWN", "Proprietary", ""])
def test_any_other_licence_is_refused(licence):
    assert refused({"other": licence, "fine": "MIT", "cuda": NVIDIA}) == [f"other: {licence}"]


def test_the_page_says_what_is_installed(licences):
    assert PAGE.read_text(encoding="utf-8") == page(licences), "run `make licences`"
