"""Chooses a screen. Loads no other: that of a terminal takes a tenth of a second."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from agentproxy.cli.screens.port import Screen

_MODULES = {"json": "lines", "plain": "plain", "rich": "drawn"}


def module_of(style: str) -> str:
    """Returns the name of the module that `open_screen` loads."""
    return f"agentproxy.cli.screens.{_MODULES[style]}"


def open_screen(style: str) -> "Screen":
    if style == "json":
        from agentproxy.cli.screens.lines import JsonScreen

        return JsonScreen()
    if style == "rich":
        from agentproxy.cli.screens.drawn import DrawnScreen

        return DrawnScreen()
    from agentproxy.cli.screens.plain import PlainScreen

    return PlainScreen()
