"""What a supervised run can do: one module for each effect, which registers itself."""

import importlib
import pkgutil

from agentproxy.supervisor.face import SUPERVISED as SUPERVISED

for _module in pkgutil.iter_modules(__path__):
    importlib.import_module(f"{__name__}.{_module.name}")
