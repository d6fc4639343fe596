"""The documentation builds as a site, says so where a link leads nowhere, and fetches nothing."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def built(source: Path, site: Path) -> subprocess.CompletedProcess[str]:
    """Build as `make site` does."""
    return subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(site)],
        cwd=source,
        env=os.environ | {"NO_MKDOCS_2_WARNING": "1"},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture(scope="module")
def site(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    done = built(ROOT, folder)
    assert done.returncode == 0, done.stderr
    assert "WARNING" not in done.stderr
    return folder


def test_a_link_that_leads_nowhere_is_told(tmp_path):
    shutil.copy(ROOT / "mkdocs.yml", tmp_path)
    shutil.copytree(ROOT / "docs", tmp_path / "docs")
    page = tmp_path / "docs" / "operating.md"
    page.write_text(page.read_text().replace("capacity.md", "capacities.md"))
    done = built(tmp_path, tmp_path / "site")
    assert done.returncode != 0
    assert "capacities.md" in done.stderr


def test_every_page_is_in_it(site):
    pages = [path.relative_to(ROOT / "docs") for path in (ROOT / "docs").rglob("*.md")]
    for page in pages:
        place = page.parent if page.stem in {"index", "README"} else page.with_suffix("")
        assert (site / place / "index.html").is_file(), page
    assert len(pages) > 25


def test_a_reader_fetches_nothing_from_elsewhere(site):
    for page in site.rglob("*.html"):
        text = page.read_text()
        outside = re.findall(r'<(?:script|img|iframe)[^>]*\ssrc="(?:https?:)?//[^"]*"', text)
        outside += re.findall(r'<link(?=[^>]*rel="?(?:stylesheet|preconnect))[^>]*//[^>]*>', text)
        assert outside == [], page
    for style in site.rglob("*.css"):
        assert not re.search(r"url\([\"']?(?:https?:)?//", style.read_text()), style
