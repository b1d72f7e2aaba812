"""The command line as data: which commands there are, and what each takes.

Read out of the parser, for whatever must say the same thing again: the reference and the completion
scripts. The only file that looks inside argparse.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator

import attrs

from .parser import Parser


@attrs.frozen
class Shape:
    """One command: its words, its summary, its options, and the commands below it."""

    words: tuple[str, ...]
    summary: str
    help: str
    options: tuple[str, ...]
    takes_files: bool
    below: tuple[Shape, ...] = ()

    def every(self) -> Iterator[Shape]:
        """This one and all below it, in the order of the help."""
        yield self
        for shape in self.below:
            yield from shape.every()


_NO_FILES = frozenset({"backup", "job", "shell", "asset"})


def shape_of(parser: Parser, summary: str = "") -> Shape:
    """What a parser knows."""
    options: list[str] = []
    takes_files = False
    below: list[Shape] = []
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            summaries = {choice.dest: choice.help or "" for choice in action._choices_actions}
            below += [shape_of(child, summaries[name]) for name, child in action.choices.items()]
        elif action.option_strings:
            options.append(max(action.option_strings, key=len))
        else:
            takes_files = takes_files or action.dest not in _NO_FILES
    words = tuple(parser.prog.split())
    return Shape(words, summary, parser.format_help(), tuple(options), takes_files, tuple(below))
