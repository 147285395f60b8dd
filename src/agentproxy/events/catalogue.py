"""Every kind of fact there is. A fact registers itself when its module is imported."""

import importlib
import pkgutil

from agentproxy import events
from agentproxy.events.envelope import FACTS as FACTS

# Whoever reads a journal needs every kind, not only those that something else imported.
for _module in pkgutil.iter_modules(events.__path__):
    if _module.name != "catalogue":
        importlib.import_module(f"{events.__name__}.{_module.name}")
