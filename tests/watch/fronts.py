"""Stands before a server of ours on loopback: with TLS, one certificate after the other, or at an
address of IPv6."""

import contextlib
import socket
import ssl
import threading
from pathlib import Path

CERTIFICATES = Path(__file__).with_name("certificates")
AUTHORITY = CERTIFICATES / "authority.pem"
#: Those that must not be believed, and what is said of each.
BAD = {
    "expired": "its certificate has expired",
    "early": "its certificate is not valid yet",
    "elsewhere": "its certificate is of another name",
    "self-signed": "its certificate is vouched for by nobody whom this machine trusts",
}


class Front:
    """Listens at `host`; the first connections are answered with the certificates named, all
    further ones with the last; none for no TLS."""

    def __init__(self, port_behind, *certificates, host="127.0.0.1"):
        self.behind, self.certificates, self.taken = port_behind, certificates, 0
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self._listening = socket.create_server((host, 0), family=family, backlog=64)
        self.port = self._listening.getsockname()[1]
        self.place = f"[{host}]:{self.port}" if ":" in host else f"{host}:{self.port}"

    def __enter__(self):
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *error):
        with contextlib.suppress(OSError):
            self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()

    def _accept(self):
        with contextlib.suppress(OSError):
            while True:
                theirs, _ = self._listening.accept()
                number, self.taken = self.taken, self.taken + 1
                threading.Thread(target=self._join, args=(theirs, number), daemon=True).start()

    def _join(self, theirs, number):
        with contextlib.suppress(OSError), theirs:
            if self.certificates:
                name = self.certificates[min(number, len(self.certificates) - 1)]
                theirs = with_tls(theirs, name)
            with theirs, socket.create_connection(("127.0.0.1", self.behind), 10) as behind:
                threading.Thread(target=carry, args=(theirs, behind), daemon=True).start()
                carry(behind, theirs)


def with_tls(connection, name):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(CERTIFICATES / f"{name}.pem")
    return context.wrap_socket(connection, server_side=True)


def carry(source, target):
    with contextlib.suppress(OSError):
        while data := source.recv(65536):
            target.sendall(data)
        target.shutdown(socket.SHUT_WR)
