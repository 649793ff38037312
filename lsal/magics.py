"""The notebook's `%lsal`: the table of commands, as one line magic with completion."""

from __future__ import annotations

import argparse
import shlex
from typing import Any

from IPython.core.completer import CompletionContext, SimpleCompletion, SimpleMatcherResult, context_matcher
from IPython.core.error import UsageError
from IPython.core.magic import Magics, line_magic, magics_class
from IPython.core.magic_arguments import MagicArgumentParser

from lsal.commands import COMMANDS, HELP, as_json, build_parser, refuse_keys, run, with_command
from lsal.models import MODELS
from lsal.settings import silence
from lsal.strategies import STRATEGIES
from lsal.workbench import Workbench

VALUES = {"--strategy": STRATEGIES, "--strategies": STRATEGIES, "--family": MODELS}


class _Parser(MagicArgumentParser):  # type: ignore[misc]
    """argparse for a magic: a mistake is an error in the cell, never an exit of the kernel."""

    def error(self, message: str) -> Any:
        raise UsageError(f"{message}. {self.format_usage().strip()}")

    def exit(self, status: int = 0, message: str | None = None) -> Any:
        raise UsageError(message or "")


@magics_class
class LsalMagics(Magics):  # type: ignore[misc]
    """`%lsal` alone shows the status; `%lsal COMMAND` does the rest."""

    @line_magic  # type: ignore[untyped-decorator]
    def lsal(self, line: str) -> Any:
        """The learning loop for Label Studio: `%lsal --help` lists the commands."""
        try:
            words = with_command(shlex.split(line))
        except ValueError as error:
            raise UsageError(f"{error} in: %lsal {line}") from None
        refuse_keys(words)
        parser, parsers = build_parser(_Parser)
        if words[0] in HELP:
            print(parser.format_help())
            return None
        if {*HELP} & {*words} and words[0] in parsers:
            print(parsers[words[0]].format_help())
            return None
        arguments = parser.parse_args(words)
        shown = run(Workbench(project=arguments.project), arguments)
        if arguments.json:
            print(as_json(shown))
            return None
        return shown


@context_matcher(identifier="lsal")  # type: ignore[untyped-decorator]
def complete(context: CompletionContext) -> SimpleMatcherResult:
    """Commands, options, and names from the registries, after `%lsal`."""
    before = context.text_until_cursor.lstrip()
    if not before.startswith("%lsal "):
        return SimpleMatcherResult(completions=[])
    words = before.split(" ")[1:]
    found = [SimpleCompletion(word, type="lsal") for word in candidates(words)]
    return SimpleMatcherResult(completions=found, suppress=True, matched_fragment=words[-1])


def candidates(words: list[str]) -> list[str]:
    """What may stand where the last of `words` stands."""
    *given, part = words
    if not given and not part.startswith("-"):
        return [name for name in COMMANDS if name.startswith(part)]
    if given and given[-1] in VALUES:
        before, comma, last = part.rpartition(",")  # --strategies takes several
        return [before + comma + name for name in VALUES[given[-1]] if name.startswith(last)]
    parser = build_parser()[1].get(with_command(given)[0])
    options = [flag for action in _actions(parser) for flag in action.option_strings if flag.startswith("--")]
    return [flag for flag in options if flag.startswith(part)]


def _actions(parser: argparse.ArgumentParser | None) -> list[argparse.Action]:
    return list(parser._actions) if parser else []


def load(ipython: Any) -> None:
    """What `%load_ext lsal` does: the magic, its completion, and how records look."""
    from lsal.dashboard.html import register

    silence()
    ipython.register_magics(LsalMagics)
    if complete not in ipython.Completer.custom_matchers:
        ipython.Completer.custom_matchers.append(complete)
    register(ipython)
