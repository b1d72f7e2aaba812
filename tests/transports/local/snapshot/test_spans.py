"""How an image is cut, and what is read where the file has no page."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reprieve.transports.local.snapshot import spans
from reprieve.transports.local.snapshot.page_gatherer import PageGatherer
from reprieve.transports.local.snapshot.raw_files import RawFiles
from reprieve.transports.local.snapshot.spans import Span

PAGE_SIZES = [512 << n for n in range(8)]


@settings(deadline=None)
@given(st.sampled_from(PAGE_SIZES), st.integers(0, 10_000))
def test_spans_cover_each_page_once_and_begin_at_whole_mebibytes(page_size: int, page_count: int) -> None:
    cut = list(spans.cut(page_size, page_count))

    pages = [page for span in cut for page in range(span.first, span.first + span.count)]
    assert list(range(1, page_count + 1)) == pages
    assert all(span.offset % spans.SIZE == 0 and 0 < span.size <= spans.SIZE for span in cut)


@pytest.mark.parametrize("page_size", PAGE_SIZES)
def test_the_lock_byte_page_and_what_is_past_the_end_are_zeros(tmp_path: Path, page_size: int) -> None:
    path = tmp_path / "sparse"
    end = spans.LOCK_BYTE + 3 * page_size
    with path.open("wb") as file:
        file.truncate(spans.LOCK_BYTE)
        file.seek(spans.LOCK_BYTE)
        file.write(b"\1" * (end - spans.LOCK_BYTE))
    first = spans.LOCK_BYTE // page_size + 1

    with RawFiles(path) as files:
        data = spans.read(files.main, Span(first, 4, page_size))

    assert bytes(page_size) + b"\1" * 2 * page_size + bytes(page_size) == data
    os.truncate(path, 0)


@settings(deadline=None, max_examples=30)
@given(st.sampled_from([16384, 65536]), st.integers(1, 150), st.booleans(), st.data())
def test_gathered_pages_are_the_image(page_size: int, count: int, guessed: bool, data: st.DataObject) -> None:
    pages = {n: n.to_bytes(4, "big") * (page_size // 4) for n in range(1, count + 1)}
    late = data.draw(st.sets(st.integers(2, count)) if count > 1 else st.just(set()))
    image = bytearray(page_size * count)

    def emit(first_page: int, span: bytes) -> None:
        start = (first_page - 1) * page_size
        image[start : start + len(span)] = span

    gatherer = PageGatherer(page_size, count, pages[1] if guessed else bytes(page_size), emit)
    for number in [*range(2, count + 1), *sorted(late), 1]:
        gatherer.put((number - 1) * page_size, pages[number])
    gatherer.finish(lambda page_one: page_one)

    assert b"".join(pages.values()) == bytes(image)
