"""Whatever is written can be read again, byte for byte, by whatever came after."""

from __future__ import annotations

import tempfile
from pathlib import Path

import attrs
from hypothesis import given, settings
from hypothesis import strategies as st

from .conftest import Ground, content_of, image_of

PAGE_SIZES = (512, 1024, 2048, 4096, 8192, 16384, 32768, 65536)


@attrs.frozen
class Span:
    """Pages written again: from `first`, one for each letter."""

    first: int
    letters: bytes


@attrs.frozen
class Take:
    """One backup: its page size, an abandoned beginning, the pages that stay, spans that overwrite some."""

    page_size: int
    abandoned: bytes
    letters: bytes
    spans: list[Span]

    def content(self) -> bytes:
        letters = bytearray(self.letters)
        for span in self.spans:
            end = min(len(letters), span.first + len(span.letters))
            letters[span.first : end] = span.letters[: max(0, end - span.first)]
        return spread(bytes(letters), self.page_size)


def spread(letters: bytes, page_size: int) -> bytes:
    return b"".join(bytes([letter]) * page_size for letter in letters)


letters = st.lists(st.integers(0, 9), max_size=40).map(bytes)
spans = st.builds(Span, st.integers(0, 30), st.lists(st.integers(0, 12), min_size=1, max_size=6).map(bytes))
takes = st.builds(Take, st.sampled_from(PAGE_SIZES), letters, letters, st.lists(spans, max_size=4))
same_size = st.sampled_from(PAGE_SIZES).flatmap(
    lambda size: st.lists(
        st.builds(Take, st.just(size), letters, letters, st.lists(spans, max_size=4)), max_size=5
    )
)


@settings(max_examples=25, deadline=None)
@given(st.one_of(st.lists(takes, max_size=4), same_size))
def test_every_backup_of_any_sequence_restores_to_what_was_written(sequence: list[Take]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        ground = Ground(Path(folder))
        repository = ground.open()
        made: dict[str, bytes] = {}
        for take in sequence:
            with repository.writer(repository.latest("library"), "library") as writer:
                if take.abandoned:
                    writer.begin(take.page_size, len(take.abandoned))
                    writer.write(1, spread(take.abandoned, take.page_size))
                writer.begin(take.page_size, len(take.letters))
                for first in range(0, len(take.letters), 7):
                    writer.write(first + 1, spread(take.letters[first : first + 7], take.page_size))
                for span in take.spans:
                    fitting = span.letters[: max(0, len(take.letters) - span.first)]
                    if fitting:
                        writer.write(span.first + 1, spread(fitting, take.page_size))
                stored = content_of(writer.reader())
                backup = writer.finish(image_of(take.content(), take.page_size))
            made[backup.id] = take.content()

            assert take.content() == stored
            assert len(take.content()) == backup.bytes

        reopened = ground.open()

        assert made == {backup.id: ground.content(reopened, backup.id) for backup in reopened.backups()}
        assert len(made) == reopened.verify().backups
        assert set() == ground.left_over()
