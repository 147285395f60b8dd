"""A C extension that the user has built in the tree, and that git ignores."""

import shutil
import sysconfig
from pathlib import Path

import pytest
from support.front_door import Pa
from support.projects import PYTEST
from support.venvs import new_venv, site_packages

pytestmark = pytest.mark.slow

SETUP = (
    "from setuptools import Extension, setup\n\n"
    "setup(name='fast', packages=['fast'], ext_modules=[Extension('fast._speed', ['speed.c'])])\n"
)
SOURCE = """\
#include <Python.h>
static PyObject *add(PyObject *self, PyObject *given) {
    long a, b;
    return PyArg_ParseTuple(given, "ll", &a, &b) ? PyLong_FromLong(a - b) : NULL;
}
static PyMethodDef methods[] = {{"add", add, METH_VARARGS, ""}, {NULL, NULL, 0, NULL}};
static struct PyModuleDef module = {PyModuleDef_HEAD_INIT, "_speed", "", -1, methods};
PyMODINIT_FUNC PyInit__speed(void) { return PyModule_Create(&module); }
"""
FILES = {
    ".gitignore": "*.so\n__pycache__/\nbuild/\n*.egg-info/\n",
    "setup.py": SETUP,
    "speed.c": SOURCE,
    "fast/__init__.py": "",
    "tests/test_fast.py": (
        "from fast._speed import add\n\n\ndef test_add():\n    assert add(2, 3) == 5\n"
    ),
}
MEND_C = "sed -i 's/a - b/a + b/' speed.c"


@pytest.mark.parametrize(
    "built",
    ["fast/_speed.cpython-311-x86_64-linux-gnu.so", "fast/_speed.abi3.so", "fast/_speed.so"],
)
def test_it_is_named_with_the_command_that_builds_it(pa: Pa, built: str) -> None:
    pa.write(FILES)
    pa.commit("An extension")
    pa.write({built: "built in place"})
    ran = pa.task("--max-rounds", "1", "--check", PYTEST, worker=MEND_C)
    assert ran.code == 3
    reason = ran.finding(PYTEST)["reason"]
    assert f"git ignores {built}" in reason
    assert 'prepare = "python setup.py build_ext --inplace"' in reason


@pytest.mark.skipif(shutil.which("cc") is None, reason="there is no C compiler")
def test_the_cure_builds_what_the_claim_changes(pa: Pa) -> None:
    pa.write(
        {
            **FILES,
            ".gitignore": f"{FILES['.gitignore']}.venv/\n",
            "agentproxy.toml": 'prepare = "python setup.py build_ext --inplace"\n',
        }
    )
    pa.commit("An extension")
    site = site_packages(new_venv(pa.project / ".venv"))
    ours = Path(sysconfig.get_paths()["purelib"])
    for name in ("setuptools", "_distutils_hack", "pkg_resources"):
        shutil.copytree(ours / name, site / name)
    assert pa("trust").code == 0
    ran = pa.task("--max-rounds", "1", "--check", PYTEST, worker=MEND_C)
    assert ran.code == 0, ran.result["reason"]
    assert ran.finding(PYTEST)["fixed"] == ["tests/test_fast.py::test_add"]
