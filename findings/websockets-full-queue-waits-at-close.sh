#!/usr/bin/env bash
# websockets 17.4: a client of websockets.sync with unread messages waits ten seconds in close().
# Expected: close() returns when the server has answered the close, which it does within a second.
# Seen: with 16 unread messages, all that its queue holds, it is at once. With 17 the thread that reads
# waits for room, never sees the answer, and close() returns after close_timeout, which is 10 s.
# Who reads the messages, or closes with a shorter close_timeout, does not wait.
set -euo pipefail
cd "$(mktemp -d)"
python3 -m venv venv
venv/bin/pip install -q --disable-pip-version-check websockets==17.4
cat > close.py <<'END'
import threading
import time

from websockets.sync.client import connect
from websockets.sync.server import serve


def talk(messages):
    sent, answered = threading.Event(), threading.Event()

    def handler(connection):
        for number in range(messages):
            connection.send(str(number))
        sent.set()
        while connection.protocol.close_sent is None:  # it answers the client's close by itself
            time.sleep(0.01)
        answered.set()

    with serve(handler, "127.0.0.1", 0) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        with connect(f"ws://127.0.0.1:{server.socket.getsockname()[1]}"):
            sent.wait()
            time.sleep(0.3)
            closing = threading.Timer(1, lambda: print("after 1 s: answered", answered.is_set()))
            closing.start()
            began = time.monotonic()
        seconds = time.monotonic() - began
        closing.join()
        server.shutdown()
    print(f"{messages} unread messages: the end of the connection took {seconds:.1f} s")
    return seconds


assert talk(16) < 2
assert talk(17) > 8
END
venv/bin/pip list 2> /dev/null | grep websockets
venv/bin/python close.py
