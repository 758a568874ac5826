"""Every internal link and image of the documentation leads somewhere, and every page can be reached."""

from __future__ import annotations

import importlib.util
import re
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
from pages import ROOT, Page, pages, read

PAGES = [pytest.param(page, id=page.name) for page in pages()]


def in_package(path: Path) -> bool:
    """Whether a source file that a page links is in the installed package: the tests also run without the source."""
    spec = importlib.util.find_spec("askntell")
    assert spec is not None
    assert spec.origin is not None
    return ROOT in path.parents and (Path(spec.origin).parents[1] / path.relative_to(ROOT)).exists()


def problem(page: Page, target: str) -> str | None:
    """What is wrong with a link, or None."""
    if re.match(r"[a-z]+:", target):
        return None if target.startswith(("https://", "mailto:")) else "neither https nor a file"
    name, _, anchor = target.partition("#")
    path = (page.path.parent / name).resolve() if name else page.path
    if not path.exists() and not in_package(path):
        return "no such file"
    if ROOT not in path.parents:
        return "outside of the repository"
    if anchor and path.suffix == ".md" and anchor not in read(path).anchors():
        return f"no heading makes #{anchor}; there are {sorted(read(path).anchors())}"
    return None


@pytest.mark.parametrize("page", PAGES)
def test_links_lead_somewhere(page):
    wrong = [f"line {line}: {target}: {what}" for line, target in page.links() if (what := problem(page, target))]
    assert not wrong, wrong


def test_a_dead_link_is_found():
    page = pages()[0]
    assert problem(page, "docs/no-such-page.md")
    assert problem(page, "#no-such-heading")
    assert problem(page, "http://example.org")


def test_every_page_is_in_a_table_of_contents():
    listed = set()
    for page in pages():
        for block in page.blocks:
            if block.language == "toctree":
                entries = [line.split("<")[-1].rstrip("> ") for line in block.text.splitlines() if line.strip()]
                listed |= {(page.path.parent / f"{e}.md").resolve() for e in entries if not e.startswith(":")}
    docs = ROOT / "docs"
    missing = {p.path for p in pages() if docs in p.path.parents} - listed - {docs / "index.md"}
    assert not missing, sorted(str(p) for p in missing)
    absent = [str(path) for path in listed if not path.exists()]
    assert not absent, absent


@pytest.mark.parametrize("path", sorted(ROOT.glob("docs/images/*.svg")), ids=lambda p: p.name)
def test_pictures_are_ours_and_self_contained(path):
    root = ET.parse(path).getroot()
    assert root.get("viewBox"), "a picture must scale"
    text = path.read_text("utf-8")
    assert "<title" in text, "a picture needs words for those who cannot see it"
    assert "<script" not in text
    assert not re.search(r"(href|src)=\"(?!#)", text), "a picture must not load anything"
