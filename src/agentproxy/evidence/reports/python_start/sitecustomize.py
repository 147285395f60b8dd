# Every Python process of a check runs this when it starts, since its folder is on PYTHONPATH. It
# has to work on Python 2.7 and later, to print nothing, and to leave no trace in sys.path.
import os
import sys

_HERE = os.path.dirname(os.path.abspath(__file__))


def _watch():
    import importlib.machinery

    spec = importlib.machinery.PathFinder.find_spec("agentproxy_watch", [_HERE])
    if spec is None or spec.loader is None:
        return
    module = type(sys)("agentproxy_watch")
    spec.loader.exec_module(module)
    module.start(_HERE)


def _run_the_next():
    """Runs the module of this name that this one hides, as the system's or coverage's."""
    this = sys.modules.pop("sitecustomize")
    try:
        import sitecustomize  # noqa: F401 - runs by its import
    except ImportError:
        sys.modules["sitecustomize"] = this


sys.path[:] = [entry for entry in sys.path if os.path.abspath(entry or ".") != _HERE]
if sys.version_info >= (3, 6):
    try:
        _watch()
    except Exception:  # a check runs without a report, but it runs
        pass
_run_the_next()
