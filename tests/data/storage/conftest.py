"""Real places of files: photos on disk, a web server and a memcached server on loopback."""

import http.server
import os
import pwd
import shutil
import socket
import subprocess
import threading
import time
from pathlib import Path

import cv2
import matplotlib
import pytest

from mmlight.data.storage import choose

PROVIDED = Path(__file__).parents[3] / ".reference" / "memcached"


@pytest.fixture(scope="session")
def photos(tmp_path_factory):
    """A folder with a real photo per class folder, as JPEG."""
    root = tmp_path_factory.mktemp("photos")
    photo = cv2.imread(f"{matplotlib.get_data_path()}/sample_data/grace_hopper.jpg")
    for name, crop in (("face", photo[50:350, 100:400]), ("whole", photo)):
        (root / name).mkdir()
        cv2.imwrite(str(root / name / "1.jpg"), crop)
    return root


@pytest.fixture
def web(tmp_path, monkeypatch):
    """A web server for `tmp_path`: its address, and what was asked of it."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    server.folder, server.asked, server.connections, server.plan = str(tmp_path), [], set(), []
    server.daemon_threads = True
    server.address = f"http://127.0.0.1:{server.server_port}"
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


class _Handler(http.server.SimpleHTTPRequestHandler):
    protocol_version = "HTTP/1.1"  # connections stay open

    def __init__(self, request, client, server):
        super().__init__(request, client, server, directory=server.folder)

    def do_GET(self):
        self.server.asked.append(self.path)
        self.server.connections.add(self.client_address)
        step = self.server.plan.pop(0) if self.server.plan else None
        if isinstance(step, int):
            self.send_error(step)
        elif isinstance(step, float):
            time.sleep(step)
        elif step == "drop":
            self.close_connection = True
        else:
            super().do_GET()

    def log_message(self, *_):
        pass


@pytest.fixture(scope="session")
def memcached_port():
    """The port of a memcached server that holds 16 MB and files of up to 1 MB."""
    program = shutil.which("memcached") or shutil.which("memcached", path=str(PROVIDED / "usr/bin"))
    if program is None:
        pytest.skip("no memcached on PATH or in .reference/memcached (make reference)")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    libraries = ":".join(str(path) for path in (PROVIDED / "usr/lib").glob("*-linux-gnu"))
    user = pwd.getpwuid(os.getuid()).pw_name
    process = subprocess.Popen(
        [program, "-l", "127.0.0.1", "-p", str(port), "-U", "0", "-m", "16", "-u", user],
        env={**os.environ, "LD_LIBRARY_PATH": libraries},
        stderr=subprocess.PIPE,
    )
    try:
        _wait_for(port, process)
        yield port
    finally:
        process.terminate()
        process.wait(timeout=10)
        process.stderr.close()


def _wait_for(port, process):
    for _ in range(100):
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            if process.poll() is not None:
                pytest.skip(f"memcached does not start: {process.stderr.read().decode()}")
            time.sleep(0.05)
        else:
            return
    pytest.skip("memcached does not answer after 5 seconds")


@pytest.fixture
def own_backends(monkeypatch):
    """Forget afterwards which backends a test has registered and made."""
    for name in ("BACKENDS", "PREFIXES", "_made"):
        monkeypatch.setattr(choose, name, dict(getattr(choose, name)))
