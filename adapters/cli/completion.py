"""`reprieve completion`: a script for the shell, made from the parser, so that it never lags behind.

Completes commands, options and file names. Knows the three shells' languages.
"""

from __future__ import annotations

from argparse import Namespace

from .output import Output
from .parser import Commands
from .shape import Shape

SHELLS = ("bash", "zsh", "fish")

_BASH = """\
# reprieve completion for bash; put `source <(reprieve completion bash)` into ~/.bashrc
_reprieve() {{
    local word="${{COMP_WORDS[COMP_CWORD]}}" at="reprieve" next i IFS=$'\\n'
    for ((i = 1; i < COMP_CWORD; i++)); do
        next="$at ${{COMP_WORDS[i]}}"
        case "$next" in
            {commands}) at="$next" ;;
        esac
    done
    case "$at" in
{cases}
    esac
}}
complete -o filenames -F _reprieve reprieve
"""

_ZSH = """\
#compdef reprieve
# reprieve completion for zsh; put `source <(reprieve completion zsh)` into ~/.zshrc, after compinit
_reprieve() {{
    local at="reprieve" next i
    for ((i = 2; i < CURRENT; i++)); do
        next="$at ${{words[i]}}"
        case "$next" in
            {commands}) at="$next" ;;
        esac
    done
    case "$at" in
{cases}
    esac
}}
compdef _reprieve reprieve
"""

_FISH = """\
# reprieve completion for fish; put `reprieve completion fish | source` into config.fish
complete -c reprieve -f
{lines}
"""


def add_to(commands: Commands) -> None:
    """Join the command line."""
    parser = commands.add(
        "completion",
        completion,
        "Print a script that completes commands in your shell.",
        example="source <(reprieve completion bash)",
        store=False,
    )
    parser.add_argument("shell", metavar="SHELL", choices=SHELLS, help="bash, zsh or fish")


async def completion(asked: Namespace, output: Output) -> None:
    """The script, on stdout."""
    script = script_for(asked.shell)
    output.result({"script": script}, lambda: script.rstrip("\n"), verbatim=True)


def script_for(shell: str) -> str:
    """The completion script for one of SHELLS."""
    from .commands import whole_parser
    from .shape import shape_of

    shape = shape_of(whole_parser())
    return {"bash": _bash, "zsh": _zsh, "fish": _fish}[shell](shape)


def _bash(shape: Shape) -> str:
    cases = []
    for each in shape.every():
        words = r"\n".join(_offered(each))
        files = ' $(compgen -f -- "$word")' if each.takes_files else ""
        cases.append(
            f"""        "{" ".join(each.words)}") COMPREPLY=($(compgen -W $'{words}' -- "$word"){files}) ;;"""
        )
    return _BASH.format(commands=_known(shape), cases="\n".join(cases))


def _zsh(shape: Shape) -> str:
    cases = []
    for each in shape.every():
        files = "; _files" if each.takes_files else ""
        cases.append(f'        "{" ".join(each.words)}") compadd -- {" ".join(_offered(each))}{files} ;;')
    return _ZSH.format(commands=_known(shape), cases="\n".join(cases))


def _fish(shape: Shape) -> str:
    lines = []
    for each in shape.every():
        within = _fish_condition(each)
        for below in each.below:
            summary = below.summary.replace("'", "\\'")
            lines.append(f"complete -c reprieve -n '{within}' -a {below.words[-1]} -d '{summary}'")
        lines += [f"complete -c reprieve -n '{within}' -l {option[2:]}" for option in each.options]
        if each.takes_files:
            lines.append(f"complete -c reprieve -n '{within}' -F")
    return _FISH.format(lines="\n".join(lines))


def _fish_condition(shape: Shape) -> str:
    """When the words so far are those of this command, and of none below it."""
    seen = [f"__fish_seen_subcommand_from {word}" for word in shape.words[1:]]
    names = " ".join(below.words[-1] for below in shape.below)
    if len(shape.words) == 1:
        return "__fish_use_subcommand"
    return "; and ".join([*seen, f"not __fish_seen_subcommand_from {names}"] if names else seen)


def _offered(shape: Shape) -> list[str]:
    shells = SHELLS if shape.words[-1] == "completion" else ()
    return [*(below.words[-1] for below in shape.below), *shells, *shape.options]


def _known(shape: Shape) -> str:
    """Every command as an alternative of a shell's `case`."""
    return " | ".join(f'"{" ".join(each.words)}"' for each in shape.every() if len(each.words) > 1)
