"""The one table of commands."""

from __future__ import annotations

from collections.abc import Mapping

from lsal.commands.command import Command
from lsal.commands.loop import LOOP
from lsal.commands.setting_up import SETTING_UP
from lsal.commands.sight import SIGHT
from lsal.commands.trial import TRIAL
from lsal.commands.upkeep import UPKEEP
from lsal.commands.wishing import WISHING

GROUPS = (SETTING_UP, LOOP, WISHING, SIGHT, TRIAL, UPKEEP)
COMMANDS: Mapping[str, Command] = {command.name: command for group in GROUPS for command in group}
