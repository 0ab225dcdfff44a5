"""What numba compiles while something runs."""

import contextlib

from numba.core import event


class _Names(event.Listener):
    def __init__(self):
        self.names = []

    def on_start(self, event):
        function = event.data["dispatcher"].py_func
        self.names.append(f"{function.__module__}.{function.__qualname__}")

    def on_end(self, event):
        pass


@contextlib.contextmanager
def list_compiled():
    """A list of the functions that are compiled within, and not found in numba's cache."""
    listener = _Names()
    with event.install_listener("numba:compile", listener):
        yield listener.names
