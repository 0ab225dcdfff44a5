"""The workspace: from a dropped file to a sentence that may be printed, as pages on this machine.

A workspace is a folder of cases, each as the commands make it. What a page needs besides (the files
that were given, how they are read, the log of the work) lies in the hidden folder `.birdfall`
beside them. Pages are rendered here and work without scripts; long work is done by processes of
their own, which go on when the window is closed or the server ends.
"""

from birdfall.app.server import WorkspaceServer
from birdfall.app.workspace import Desk, Workspace

__all__ = ["Desk", "Workspace", "WorkspaceServer"]
