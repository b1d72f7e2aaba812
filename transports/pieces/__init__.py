"""The Pieces Backup API: its models, shared with the service that speaks it, and an aiohttp client of it."""
