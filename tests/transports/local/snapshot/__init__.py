"""The loops that prove the snapshot, and their controls."""
