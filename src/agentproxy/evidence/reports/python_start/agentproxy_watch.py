"""Watches what a Python process of a check imports, and makes its runner report each test.

A process that a test has started reports under a name that nobody reads. Python 3.6 and later.
"""

import atexit
import os
import sys
import time

REPORTS = "AGENTPROXY_REPORTS"  # the folder for reports
PROCESS = "AGENTPROXY_PROCESS"  # part of the name of each report of this process
IN_TEST = "AGENTPROXY_IN_TEST"  # set for what tests start
PYTEST_OPTIONS = "AGENTPROXY_PYTEST_OPTIONS"


def start(here):
    """Prepares this process. `here` is the folder of this file."""
    if not os.environ.get(REPORTS):
        return
    within = bool(os.environ.get(IN_TEST) or os.environ.get("PYTEST_CURRENT_TEST"))
    # By time, so that the names sort in the order of the runs.
    name = "{:020d}-{}".format(time.time_ns() if hasattr(time, "time_ns") else 0, os.getpid())
    os.environ[PROCESS] = "of-test" if within else name
    if within:
        return
    sys.meta_path.insert(0, _Finder(here))
    atexit.register(_count_examples, os.environ[REPORTS], name)


def _count_examples(folder, name):
    """Writes how many examples `python -m doctest` has run, which says nothing where all pass."""
    main = sys.modules.get("__main__")
    if getattr(getattr(main, "__spec__", None), "name", "") != "doctest":
        return
    try:
        tester = main.master
        # By name: failures, examples, and of Python 3.13 those that were skipped.
        results = getattr(tester, "_stats", None) or getattr(tester, "_name2ft", {})
        count = sum(result[1] for result in results.values())
        with open(os.path.join(folder, "doctest-{}.txt".format(name)), "x") as file:
            file.write("{}\n".format(count))
    except Exception:  # another version of doctest: its exit code decides alone
        pass


class _Finder:
    """Calls a function with a module when it has been imported."""

    def __init__(self, here):
        self.here = here
        self.watched = {
            "_pytest.junitxml": _mark,
            "unittest.runner": self.record("TextTestRunner"),
            "nose2.runner": self.record("PluggableTestRunner"),
            "xmlrunner.runner": self.record("XMLTestRunner"),
            "tox.tox_env.api": self.pass_on,
        }

    def find_spec(self, name, path=None, target=None):
        call = self.watched.pop(name, None)
        if call is None:
            return None
        for finder in sys.meta_path:
            find = getattr(finder, "find_spec", None)
            spec = find(name, path, target) if finder is not self and find is not None else None
            if spec is not None:
                _call_after(spec.loader, call)
                return spec
        return None

    def record(self, runner):
        def watch(module):
            import importlib.machinery

            spec = importlib.machinery.PathFinder.find_spec("agentproxy_unittest", [self.here])
            recording = type(sys)("agentproxy_unittest")
            spec.loader.exec_module(recording)
            recording.watch(getattr(module, runner), _mark)

        return watch

    def pass_on(self, module):
        """Adds our variables to those of tox, which passes on only what its settings name."""
        env_type = module.ToxEnv
        theirs = env_type.environment_variables.fget

        def environment_variables(self_):
            found = theirs(self_)
            _add_ours(found, self.here)
            return found

        env_type.environment_variables = property(environment_variables)


def _add_ours(env, here):
    for name in (REPORTS, PYTEST_OPTIONS):
        env[name] = os.environ.get(name, "")
    paths = env.get("PYTHONPATH", "").split(os.pathsep)
    if here not in paths:
        env["PYTHONPATH"] = os.pathsep.join([here] + [path for path in paths if path])
    options = os.environ.get(PYTEST_OPTIONS, "")
    if options not in env.get("PYTEST_ADDOPTS", ""):
        env["PYTEST_ADDOPTS"] = " ".join([env.get("PYTEST_ADDOPTS", ""), options]).strip()


def _call_after(loader, call):
    execute = loader.exec_module

    def exec_module(module):
        execute(module)
        try:
            call(module)
        except Exception:  # another version of the module: the check runs without a report
            pass

    loader.exec_module = exec_module


def _mark(module=None):
    os.environ[IN_TEST] = "1"
