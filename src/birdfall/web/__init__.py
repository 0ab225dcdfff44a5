"""What every server of Birdfall's pages needs: who may come in, and how many connections they may
hold.
"""

from birdfall.web.connection_limits import ConnectionTable, StreamPlaces
from birdfall.web.door import AccessGuard, Door, is_loopback

__all__ = ["AccessGuard", "ConnectionTable", "Door", "StreamPlaces", "is_loopback"]
