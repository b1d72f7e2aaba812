"""The pages lead to one another, and to nothing that is not there."""

from pathlib import Path

import pytest

from .pages import ROOT, Page, every_page

ELSEWHERE = ("https://", "http://")
INDEX = "docs/index.md"


def target_of(page: Page, link: str) -> tuple[Path, str]:
    path, _, anchor = link.partition("#")
    return (((ROOT / page.name).parent / path).resolve() if path else ROOT / page.name), anchor


@pytest.mark.parametrize("page", every_page(), ids=lambda page: page.name)
def test_its_links_lead_somewhere(page: Page) -> None:
    for link in page.links:
        if link.startswith(ELSEWHERE):
            continue
        path, anchor = target_of(page, link)
        assert path.exists(), link
        if anchor:
            assert anchor in Page(path.relative_to(ROOT).as_posix()).anchors, link


def test_the_index_leads_to_every_page() -> None:
    index = Page(INDEX)
    linked = {target_of(index, link)[0] for link in index.links if not link.startswith(ELSEWHERE)}
    pages = {(ROOT / page.name).resolve() for page in every_page()} - {(ROOT / INDEX).resolve()}

    assert set() == pages - linked


@pytest.mark.parametrize("page", every_page(), ids=lambda page: page.name)
def test_no_page_names_a_path_of_the_machine_it_was_written_on(page: Page) -> None:
    found = [word for word in ("/tmp/", f"{Path.home()}/", str(ROOT)) if word in page.text]

    assert [] == found
