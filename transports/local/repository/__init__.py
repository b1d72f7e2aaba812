"""Encrypted, deduplicated backups in an object store."""
