"""reprieve: backups and restorations of live databases, as explicit state machines."""

__version__ = "0.1.0"
