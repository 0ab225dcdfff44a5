"""A server on loopback that answers with any bytes: what a hostile or broken one may do."""

import contextlib
import socket
import threading

#: Most bytes that are read of a question, and seconds that it may take.
MAX_QUESTION_BYTES, SECONDS = 1 << 20, 5.0


class RawServer:
    """Listens until it is left; `answer(connection, question, number)` sends what it likes.

    connection: the socket; question: the bytes of the HTTP request, its body included; number: how
    many came before. `questions` keeps them all.
    """

    def __init__(self, answer):
        self.answer, self.questions = answer, []
        self._listening = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port = self._listening.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"

    def __enter__(self):
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *error):
        # a listening socket that is only closed would let the thread wait on
        with contextlib.suppress(OSError):
            self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()

    def _accept(self):
        while True:
            try:
                connection, _ = self._listening.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection):
        with connection, contextlib.suppress(OSError):
            connection.settimeout(SECONDS)
            question = read_question(connection)
            number = len(self.questions)
            self.questions.append(question)
            self.answer(connection, question, number)
            # closing at once with unread bytes would tear what was sent
            connection.shutdown(socket.SHUT_WR)


def read_question(connection):
    """One HTTP request: its head, and as much body as it names."""
    data = b""
    while b"\r\n\r\n" not in data and len(data) < MAX_QUESTION_BYTES:
        part = connection.recv(65536)
        if not part:
            return data
        data += part
        if data[0] == 0x16:  # the begin of TLS, which holds no such lines
            return data
    head, _, body = data.partition(b"\r\n\r\n")
    length = 0
    for line in head.split(b"\r\n"):
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            length = int(value)
    while len(body) < length:
        part = connection.recv(65536)
        if not part:
            break
        body += part
    return head + b"\r\n\r\n" + body


def http_answer(body=b"", status="200 OK", **headers):
    """An HTTP answer as bytes; headers with _ for -."""
    lines = [f"HTTP/1.1 {status}"]
    named = {"Content-Length": str(len(body)), "Connection": "close"}
    named |= {name.replace("_", "-"): value for name, value in headers.items()}
    lines += [f"{name}: {value}" for name, value in named.items()]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def sends(*parts):
    """An answer that sends the same to everybody."""

    def answer(connection, _question, _number):
        for part in parts:
            connection.sendall(part)

    return answer
