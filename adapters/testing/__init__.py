"""For authors of tests: the offline service as pytest fixtures."""
