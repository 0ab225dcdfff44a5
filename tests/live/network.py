"""A network on loopback: real servers nobody here wrote, started and stopped, and what is needed to act on them."""

import base64
import datetime as dt
import json
import os
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

SERVERS = Path(__file__).parent / "servers"
PASSWORD = "admin-" + secrets.token_hex(8)


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Network:
    """The directory and the host. `kill` ends the host as a power cut would, `start_host` starts it on the same data."""

    def __init__(self):
        memory = Path("/dev/shm")
        self.folder = Path(tempfile.mkdtemp(prefix="birdfall-live-", dir=memory if memory.is_dir() else None))
        (self.folder / "blobs").mkdir()
        self.port, self.directory_port = free_port(), free_port()
        self._secrets = {n: secrets.token_hex(32) for n in ("rotation", "jwt", "dpop")}
        base = {"PATH": os.environ["PATH"], "HOME": str(self.folder), "TMPDIR": str(self.folder)}
        self._log = (self.folder / "log").open("ab")
        self.directory = self._node("directory.cjs", {**base, "PORT": str(self.directory_port)})
        self._host_environment = {
            **base, "LOG_ENABLED": "0", "PDS_PORT": str(self.port), "PDS_HOSTNAME": "localhost", "PDS_DATA_DIRECTORY": str(self.folder),
            "PDS_BLOBSTORE_DISK_LOCATION": str(self.folder / "blobs"), "PDS_DID_PLC_URL": f"http://127.0.0.1:{self.directory_port}",
            "PDS_SERVICE_HANDLE_DOMAINS": ".test", "PDS_INVITE_REQUIRED": "0", "PDS_RATE_LIMITS_ENABLED": "0", "PDS_DEV_MODE": "1",
            "PDS_ADMIN_PASSWORD": PASSWORD, "PDS_JWT_SECRET": self._secrets["jwt"][:32], "PDS_DPOP_SECRET": self._secrets["dpop"],
            "PDS_PLC_ROTATION_KEY_K256_PRIVATE_KEY_HEX": self._secrets["rotation"], "PDS_MAX_SUBSCRIPTION_BUFFER": "5000",
        }  # fmt: skip
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
        return subprocess.Popen(command, env=environment, stdout=self._log, stderr=self._log, cwd=SERVERS)

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

    # -- acting ---------------------------------------------------------------------------------------------------

    def call(self, method, body=None, authorization=None):
        data = b"" if body is None else json.dumps(body).encode()
        headers = {"Content-Type": "application/json"} if body is not None else {}
        if authorization:
            headers["Authorization"] = authorization
        request = urllib.request.Request(f"{self.url}/xrpc/{method}", data=data, headers=headers, method="POST")
        with urllib.request.urlopen(request, timeout=60) as answer:
            text = answer.read()
        return json.loads(text) if text else {}

    def account(self, name):
        made = self.call("com.atproto.server.createAccount", {"handle": f"{name}.test", "email": f"{name}@example.com"})
        return {"did": made["did"], "token": f"Bearer {made['accessJwt']}"}

    def follow(self, who, whom):
        record = {"$type": "app.bsky.graph.follow", "subject": whom["did"], "createdAt": moment()}
        made = self.call("com.atproto.repo.createRecord",
                         {"repo": who["did"], "collection": "app.bsky.graph.follow", "record": record, "validate": False}, who["token"])  # fmt: skip
        return made["uri"].rpartition("/")[2]

    def unfollow(self, who, key):
        self.call(
            "com.atproto.repo.deleteRecord",
            {"repo": who["did"], "collection": "app.bsky.graph.follow", "rkey": key},
            who["token"],
        )

    def takedown(self, who, applied=True):
        subject = {"$type": "com.atproto.admin.defs#repoRef", "did": who["did"]}
        admin = "Basic " + base64.b64encode(f"admin:{PASSWORD}".encode()).decode()
        body = {"subject": subject, "takedown": {"applied": applied} | ({"ref": "wave"} if applied else {})}
        self.call("com.atproto.admin.updateSubjectStatus", body, admin)

    def deactivate(self, who):
        self.call("com.atproto.server.deactivateAccount", {}, who["token"])


def moment():
    return dt.datetime.now(dt.UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def many(work, things, at_once=8):
    """`work` for each, some at once; the results in order."""
    with ThreadPoolExecutor(at_once) as pool:
        return list(pool.map(work, things))
