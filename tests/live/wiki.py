"""A wiki on loopback: MediaWiki as Debian packs it, on SQLite, and its recent changes as the
server-sent events that a public wiki farm makes of them. The wiki sends each change as a datagram;
what stands between only gives it an id and hands it on.
"""

import http.cookiejar
import json
import os
import shutil
import socket
import subprocess
import tempfile
import threading
import time
import urllib.parse
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from network import free_port

from processes import start

ROOT = Path(__file__).resolve().parent.parent.parent
PACKED = Path(
    os.environ.get(
        "BIRDFALL_MEDIAWIKI", ROOT / "build" / "live" / "mediawiki" / "usr" / "share" / "mediawiki"
    )
)
PASSWORD = "a-long-password-12345"


def missing():
    """What this machine lacks; empty if nothing."""
    return ([] if (PACKED / "api.php").is_file() else ["MediaWiki"]) + (
        [] if shutil.which("php") else ["PHP"]
    )


class Wiki:
    """Started when made.

    `stream` is the address of its changes; `cut` ends all connections to it.
    """

    def __init__(self):
        self.folder = Path(tempfile.mkdtemp(prefix="birdfall-wiki-"))
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.changes = Changes()
        self.server = None
        try:
            self._install()
            self._serve()
        except BaseException:
            self.close()
            raise

    def _install(self):
        self.files = self.folder / "wiki"
        # the package links to places of an installed system: what is linked there is not needed
        # here
        shutil.copytree(PACKED, self.files, symlinks=True)
        for name in ("LocalSettings.php", "config", "images", "extensions"):
            (self.files / name).unlink(missing_ok=True)
        for name in ("images", "extensions"):
            (self.files / name).mkdir()
        command = [
            "php",
            "maintenance/install.php",
            "--dbtype=sqlite",
            f"--dbpath={self.folder}",
            f"--server={self.url}",
            "--scriptpath=",
            f"--pass={PASSWORD}",
            "--skins=",
            "Birdfall",
            "Admin",
        ]
        done = subprocess.run(command, cwd=self.files, capture_output=True, text=True)
        if done.returncode:
            raise RuntimeError(
                f"the wiki could not be installed: {done.stdout[-2000:]} {done.stderr[-2000:]}"
            )
        with (self.files / "LocalSettings.php").open("a") as settings:
            settings.write(
                "\n$wgRCFeeds['watch'] = ['formatter' => 'JSONRCFeedFormatter', "
                f"'uri' => 'udp://127.0.0.1:{self.changes.datagrams}',\n"
                "  'add_interwiki_prefix' => false, 'omit_bots' => false];\n"
                "$wgAccountCreationThrottle = []; $wgRateLimits = []; "
                "$wgMainCacheType = CACHE_NONE; $wgPasswordDefault = 'A';\n"
            )

    def _serve(self):
        environment = os.environ | {"PHP_CLI_SERVER_WORKERS": "4"}
        command = ["php", "-S", f"127.0.0.1:{self.port}", "-t", str(self.files)]
        self.server = start(
            command,
            env=environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            outlives_test=True,
        )
        end = time.monotonic() + 60
        while time.monotonic() < end:
            try:
                with urllib.request.urlopen(
                    f"{self.url}/api.php?action=query&meta=siteinfo&format=json", timeout=10
                ):
                    return
            except OSError:
                time.sleep(0.1)
        raise RuntimeError("the wiki does not answer")

    @property
    def stream(self):
        return self.changes.address

    def cut(self):
        self.changes.cut()

    def close(self):
        if self.server is not None:
            # its workers are processes of their own
            os.killpg(self.server.pid, 15)
            self.server.wait()
        self.changes.close()
        shutil.rmtree(self.folder, ignore_errors=True)


class Visitor:
    """Somebody at the wiki, with cookies of their own."""

    def __init__(self, wiki):
        self.address = wiki.url + "/api.php"
        jar = urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar())
        self.opener = urllib.request.build_opener(jar)

    def ask(self, **values):
        data = urllib.parse.urlencode({"format": "json", "formatversion": "2", **values}).encode()
        with self.opener.open(self.address, data, timeout=60) as answer:
            found = json.loads(answer.read())
        if "error" in found:
            raise RuntimeError(found["error"])
        return found

    def token(self, kind="csrf"):
        return self.ask(action="query", meta="tokens", type=kind)["query"]["tokens"][f"{kind}token"]

    def log_in(self, name="Admin"):
        found = self.ask(
            action="clientlogin",
            username=name,
            password=PASSWORD,
            loginreturnurl="http://127.0.0.1/",
            logintoken=self.token("login"),
        )
        assert found["clientlogin"]["status"] == "PASS", found
        return self

    def sign_up(self, name):
        found = self.ask(
            action="createaccount",
            username=name,
            password=PASSWORD,
            retype=PASSWORD,
            createreturnurl="http://127.0.0.1/",
            createtoken=self.token("createaccount"),
        )
        assert found["createaccount"]["status"] == "PASS", found
        return name

    def edit(self, title, text):
        self.ask(action="edit", title=title, appendtext=text, token=self.token())

    def block(self, name, token, **values):
        self.ask(
            action="block",
            user=name,
            expiry="infinite",
            reason="sockpuppetry",
            token=token,
            **values,
        )

    def unblock(self, name, token):
        self.ask(action="unblock", user=name, reason="appeal accepted", token=token)


class Changes:
    """Datagrams in, server-sent events out, each with an id that a reader can go on from."""

    def __init__(self):
        self.kept: list[bytes] = []
        self._news = threading.Condition()
        self._open, self._cuts = True, 0
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 0))
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 22)
        self.datagrams = self._socket.getsockname()[1]
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        self.address = f"http://127.0.0.1:{self._server.server_address[1]}/v2/stream/recentchange"
        for work in (self._receive, self._server.serve_forever):
            threading.Thread(target=work, daemon=True).start()

    def _receive(self):
        while self._open:
            data = self._socket.recv(1 << 16)
            with self._news:
                if data:
                    self.kept.append(data)
                self._news.notify_all()

    def _handler(changes):
        class Handler(BaseHTTPRequestHandler):
            def log_message(self, *_):
                pass

            def do_GET(self):
                after = self.headers.get("Last-Event-ID")
                at = json.loads(after)[0]["offset"] + 1 if after else len(changes.kept)
                self.send_response(200)
                self.send_header("Content-Type", "text/event-stream")
                self.end_headers()
                self.wfile.write(b":ok\n\n")
                cuts = changes._cuts
                while changes._open and changes._cuts == cuts:
                    with changes._news:
                        if at >= len(changes.kept):
                            changes._news.wait(1)
                        fresh = changes.kept[at:]
                    for data in fresh:
                        identity = json.dumps(
                            [{"topic": "recentchange", "partition": 0, "offset": at}]
                        )
                        self.wfile.write(
                            b"event: message\nid: "
                            + identity.encode()
                            + b"\ndata: "
                            + data
                            + b"\n\n"
                        )
                        at += 1
                    if not fresh:
                        self.wfile.write(b":\n\n")
                    self.wfile.flush()

        return Handler

    def cut(self):
        with self._news:
            self._cuts += 1
            self._news.notify_all()

    def close(self):
        self._open = False
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as last:
            last.sendto(b"", ("127.0.0.1", self.datagrams))
        self._server.shutdown()
        self._server.server_close()
