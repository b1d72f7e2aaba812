"""Whether a database file is sound: the one rule by which reprieve judges sources, images and targets.

    rule.py        what damage is, and finding it in any image that can be read by offset
    image_vfs.py   a file system with one file in it: an image that SQLite reads through a function
    shortcut.py    SQLite's own quick_check on a live connection, as far as its answer is conclusive
    sentences.py   what to say of what was found

Knows neither jobs nor repositories, nor who reads the image. Only workers may import it: it loads SQLite.
"""

from .rule import find_damage, header_problems
from .sentences import describe, refusal

__all__ = ["describe", "find_damage", "header_problems", "refusal"]
