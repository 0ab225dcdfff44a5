"""A network on loopback: a real host and the directory it needs, nobody here wrote them, started,
killed and stopped.
"""

import os
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import urllib.request
from pathlib import Path

from acting import Acting

from processes import start

SERVERS = Path(__file__).parent / "servers"
PASSWORD = "admin-" + secrets.token_hex(8)


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Network(Acting):
    """The directory and the host.

    `kill` ends the host as a power cut would, `start_host` starts it on the same data.
    """

    password = PASSWORD

    def __init__(self):
        memory = Path("/dev/shm")
        self.folder = Path(
            tempfile.mkdtemp(prefix="birdfall-live-", dir=memory if memory.is_dir() else None)
        )
        (self.folder / "blobs").mkdir()
        self.port, self.directory_port = free_port(), free_port()
        self._secrets = {n: secrets.token_hex(32) for n in ("rotation", "jwt", "dpop")}
        base = {"PATH": os.environ["PATH"], "HOME": str(self.folder), "TMPDIR": str(self.folder)}
        self._log = (self.folder / "log").open("ab")
        self.directory = self._node("directory.cjs", {**base, "PORT": str(self.directory_port)})
        self._host_environment = {
            **base,
            "LOG_ENABLED": "0",
            "PDS_PORT": str(self.port),
            "PDS_HOSTNAME": "localhost",
            "PDS_DATA_DIRECTORY": str(self.folder),
            "PDS_BLOBSTORE_DISK_LOCATION": str(self.folder / "blobs"),
            "PDS_DID_PLC_URL": f"http://127.0.0.1:{self.directory_port}",
            "PDS_SERVICE_HANDLE_DOMAINS": ".test",
            "PDS_INVITE_REQUIRED": "0",
            "PDS_RATE_LIMITS_ENABLED": "0",
            "PDS_DEV_MODE": "1",
            "PDS_ADMIN_PASSWORD": PASSWORD,
            "PDS_JWT_SECRET": self._secrets["jwt"][:32],
            "PDS_DPOP_SECRET": self._secrets["dpop"],
            "PDS_PLC_ROTATION_KEY_K256_PRIVATE_KEY_HEX": self._secrets["rotation"],
            "PDS_MAX_SUBSCRIPTION_BUFFER": "5000",
        }
        self._up(self.directory, f"http://127.0.0.1:{self.directory_port}/_health")
        self.start_host()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"

    @property
    def stream(self):
        return f"ws://127.0.0.1:{self.port}"

    def start_host(self):
        self.host = self._node("host.cjs", self._host_environment)
        self._up(self.host, f"{self.url}/xrpc/_health")

    def kill(self):
        self.host.send_signal(signal.SIGKILL)
        self.host.wait()

    def close(self):
        for process in (self.host, self.directory):
            if process.poll() is None:
                process.terminate()
                try:
                    process.wait(10)
                except subprocess.TimeoutExpired:
                    process.kill()
        self._log.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _node(self, script, environment):
        command = ["node", "--require", str(SERVERS / "loopback.cjs"), str(SERVERS / script)]
        return start(
            command,
            env=environment,
            stdout=self._log,
            stderr=self._log,
            cwd=SERVERS,
            outlives_test=True,
        )

    def _up(self, process, address):
        end = time.monotonic() + 60
        while time.monotonic() < end:
            if process.poll() is not None:
                raise RuntimeError(f"a server ended: {(self.folder / 'log').read_text()[-2000:]}")
            try:
                with urllib.request.urlopen(address, timeout=1):
                    return
            except OSError:
                time.sleep(0.05)
        raise RuntimeError(f"no answer from {address}")
