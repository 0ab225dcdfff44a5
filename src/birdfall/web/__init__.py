"""What every server of Birdfall's pages needs: who may come in, how many connections they may hold,
and the thread that serves them.
"""

from birdfall.web.connection_limits import ConnectionTable, StreamPlaces
from birdfall.web.door import AccessGuard, Door, is_loopback
from birdfall.web.server import PageServer

__all__ = ["AccessGuard", "ConnectionTable", "Door", "PageServer", "StreamPlaces", "is_loopback"]
