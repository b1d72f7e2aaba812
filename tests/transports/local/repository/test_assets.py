"""JSON documents come back as they were kept, every version of each."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reprieve.core.errors import InvalidRequest, NotFound
from reprieve.transports.local.repository.repository import Repository

from .conftest import Ground

numbers = st.integers() | st.floats(allow_nan=False, allow_infinity=False)
values = st.recursive(
    st.none() | st.booleans() | numbers | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
documents = st.builds(
    lambda asset_id, rest: rest | {"id": asset_id},
    st.text(min_size=1),
    st.dictionaries(st.text(), values, max_size=4),
)


@settings(max_examples=12, deadline=None)
@given(st.lists(documents, max_size=4))
def test_documents_come_back_whole(kept: list[dict[str, object]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        ground = Ground(Path(folder))
        versions = ground.open().keep_assets(kept)
        repository = ground.open()

        assert kept == [repository.asset(version.id, version.version) for version in versions]
        assert sorted({str(document["id"]) for document in kept}) == [
            asset.id for asset in repository.assets()
        ]
        assert len(kept) == repository.verify().documents


def test_versions_count_from_one(repository: Repository) -> None:
    for theme in ("light", "dark", "blue"):
        repository.keep_assets([{"id": "settings", "name": theme, "theme": theme}])
    repository.keep_assets([{"id": "other"}])
    history = repository.asset_history("settings")

    assert [(1, "light"), (2, "dark"), (3, "blue")] == [(asset.version, asset.name) for asset in history]
    assert [("other", 1), ("settings", 3)] == [(asset.id, asset.version) for asset in repository.assets()]
    assert "blue" == repository.asset("settings")["theme"]
    assert "light" == repository.asset("settings", 1)["theme"]


def test_what_is_not_there_is_not_found(repository: Repository) -> None:
    repository.keep_assets([{"id": "settings"}])
    for version in (0, 2, -1):
        with pytest.raises(NotFound, match="Its newest is 1"):
            repository.asset("settings", version)
    with pytest.raises(NotFound, match="no asset nothing"):
        repository.asset("nothing")
    with pytest.raises(NotFound, match="no asset nothing"):
        repository.asset_history("nothing")


@pytest.mark.parametrize(
    "document",
    [{}, {"id": 7}, {"id": ""}, {"id": "a", "x": {1, 2}}, {"id": "a", "x": float("nan")}, {"id": "a", 3: 4}],
)
def test_one_bad_document_keeps_none(repository: Repository, document: dict[str, object]) -> None:
    with pytest.raises(InvalidRequest, match="Nothing was kept"):
        repository.keep_assets([{"id": "good"}, document])

    assert () == repository.assets()


def test_the_store_shows_nothing_of_a_document(ground: Ground, repository: Repository) -> None:
    repository.keep_assets([{"id": "canary-id", "name": "canary-name", "text": "canary-text"}])
    seen = b"".join(name.encode() + (ground.store / name).read_bytes() for name in ground.objects())

    assert b"canary" not in seen
