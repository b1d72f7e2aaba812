"""Proofs of the rule by which files are judged: what is damage, and what is a program's own business."""
