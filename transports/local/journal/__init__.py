"""The durable record of every job, in an SQLite file of its own that several processes share."""

from .store import SqliteJournal

__all__ = ["SqliteJournal"]
