"""The engine: live SQLite databases into an encrypted repository, and back."""
