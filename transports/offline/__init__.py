"""The fake: a backup service that is offline, instant and fails on command."""
