"""Every kind of fact. A fact registers itself when its module is imported."""

import importlib
import pkgutil

from agentproxy import events
from agentproxy.events.envelope import FACTS as FACTS

# A reader of a journal needs every kind, also those that no other module imported.
for _module in pkgutil.iter_modules(events.__path__):
    if _module.name != "catalogue":
        importlib.import_module(f"{events.__name__}.{_module.name}")
