"""Putting a database back while others are using it."""
