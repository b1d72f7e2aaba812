"""Encrypted, deduplicated backups in an object store.

    repository   every operation, tied together         opening     the key, and a first repository
    writer       the Sink of a snapshot                 reader      the pages of a Backup
    page_store   new pages into frames into packs       verify      all of it, byte by byte
    packs, frames, manifest(s), records, config         the format, one kind of object each
    vault        encryption                             pipeline    threads, in order
    page_index   where a page is stored already         catalog     which Backups there are
    assets       JSON documents, every version          damage      what was found damaged

The format is in docs/repository-format.md.
"""

COMMITS = (
    "repository.packs.stored",
    "repository.manifest.stored",
    "repository.record.sealing",
    "repository.record.stored",
)
"""The points in the order in which a Backup comes to exist."""

FAILPOINTS = (
    "key.written",
    "key.synced",
    "key.renamed",
    "repository.key.kept",
    "repository.config.stored",
    "stores.written",
    "stores.synced",
    "stores.renamed",
    "store.upload.opened",
    "store.upload.written",
    "store.upload.synced",
    "store.upload.named",
    "store.upload.durable",
    *COMMITS,
)
"""Every point of a first backup at which a crash is interesting; the tests stop at each."""
