"""Proof by clients that we did not write: the Pieces SDKs, and curl, against a real `reprieve serve`."""
