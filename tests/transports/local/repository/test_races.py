"""Several processes at once on one store."""

from __future__ import annotations

from pathlib import Path

from reprieve.transports.local.repository.repository import Repository

from .conftest import Child, Ground, pages


def start_together(child: Child, *commands: tuple[object, ...]) -> list[list[str]]:
    """Run these commands at the same time; gives the lines that each printed."""
    processes = [child(*command) for command in commands]
    for process in processes:
        assert process.stdout is not None and process.stdin is not None
        process.stdout.readline()
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    outputs = [process.communicate(timeout=120) for process in processes]

    assert [(0, "")] * len(processes) == [
        (process.returncode, said) for process, (_, said) in zip(processes, outputs, strict=True)
    ]
    return [printed.split() for printed, _ in outputs]


def written(folder: Path, name: str, content: bytes) -> Path:
    (folder / name).write_bytes(content)
    return folder / name


def test_racing_first_backups_make_one_repository(ground: Ground, child: Child) -> None:
    one, other = pages(*range(30)), pages(*range(15, 60))
    files = written(ground.root, "one", one), written(ground.root, "other", other)
    printed = start_together(child, ("backup", *[files[0]] * 3), ("backup", *[files[1]] * 3))
    repository = ground.open()

    assert [3, 3] == [len(set(ids)) for ids in printed]
    assert {*printed[0], *printed[1]} == {backup.id for backup in repository.backups()}
    assert [{one}, {other}] == [{ground.content(repository, made) for made in ids} for ids in printed]
    assert 6 == repository.verify().backups
    assert 1 == len(list(ground.home.keys.glob("*.key")))
    assert set() == ground.left_over()


def test_racing_documents_get_a_version_each(ground: Ground, repository: Repository, child: Child) -> None:
    printed = start_together(child, ("assets", 8), ("assets", 8))

    assert [str(number) for number in range(1, 17)] == sorted(printed[0] + printed[1], key=int)
    assert list(range(1, 17)) == [version.version for version in repository.asset_history("shared")]
