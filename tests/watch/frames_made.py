"""Frames as a host would send them, and a server that sends them."""

import asyncio
import datetime as dt
import threading

import libipld


def iso(moment):
    return (
        dt.datetime.fromtimestamp(moment / 1e6, dt.UTC)
        .isoformat(timespec="microseconds")
        .replace("+00:00", "Z")
    )


def account(did, moment, *, status=None, sequence=None):
    body = {"seq": sequence, "did": did, "time": iso(moment), "active": status is None}
    if status is not None:
        body["status"] = status
    return libipld.encode_dag_cbor({"op": 1, "t": "#account"}) + libipld.encode_dag_cbor(body)


def identity(did, moment, handle, sequence=None):
    body = {"seq": sequence, "did": did, "time": iso(moment), "handle": handle}
    return libipld.encode_dag_cbor({"op": 1, "t": "#identity"}) + libipld.encode_dag_cbor(body)


def failure(name):
    return libipld.encode_dag_cbor({"op": -1}) + libipld.encode_dag_cbor(
        {"error": name, "message": name}
    )


def advisory(name):
    return libipld.encode_dag_cbor({"op": 1, "t": "#info"}) + libipld.encode_dag_cbor(
        {"name": name, "message": name}
    )


class Host:
    """A WebSocket server on loopback.

    `script(number of the connection, cursor asked for)` gives the frames of a
    connection, after which it is closed unless `hold` says to keep it open.
    """

    def __init__(self, script, hold=lambda _number: False):
        self.script, self.hold, self.asked = script, hold, []
        self._loop = asyncio.new_event_loop()
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self):
        self._thread.start()
        self._ready.wait(10)
        return self

    def __exit__(self, *error):
        self._loop.call_soon_threadsafe(self._over.set)
        self._thread.join(60)

    def _run(self):
        self._loop.run_until_complete(self._serve())

    async def _serve(self):
        from urllib.parse import parse_qs, urlparse

        import websockets

        self._over = asyncio.Event()

        async def talk(socket):
            query = parse_qs(urlparse(socket.request.path).query)
            cursor = int(query["cursor"][0]) if "cursor" in query else None
            self.asked.append(cursor)
            number = len(self.asked)
            for frame in self.script(number, cursor):
                await socket.send(frame)
            if self.hold(number):
                await self._over.wait()

        async with websockets.serve(talk, "127.0.0.1", 0, compression=None) as server:
            self.url = f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}"
            self._ready.set()
            await self._over.wait()
