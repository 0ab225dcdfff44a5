"""A workspace in tests: in this process, its jobs too."""

import re

from starlette.testclient import TestClient

from birdfall.app import jobs, worker
from birdfall.app.jobs import JobRequest, JobState
from birdfall.app.server import create_application
from birdfall.app.session import Sessions
from birdfall.app.workspace import Workspace
from birdfall.record.atomic import write_text
from birdfall.record.file_lock import try_lock

ADDRESS = "http://127.0.0.1:8000"


class Visitor:
    """Somebody who was let in, and sends forms as a browser does."""

    def __init__(self, folder, token=None, sessions=None, address=ADDRESS, **who):
        self.workspace = Workspace.open(folder)
        self.sessions = Sessions(token, **who) if sessions is None else sessions
        application = create_application(self.workspace, self.sessions)
        self.client = TestClient(application, base_url=address)

    def enter(self, token=None):
        answer = self.client.get(f"/en/?token={token or self.sessions.make_token()}")
        assert answer.status_code == 200
        return self

    def get(self, path, **more):
        return self.client.get(path, **more)

    def word(self, path):
        """The word that the forms of a page hold."""
        return re.search(r'name="word" value="([0-9a-f]+)"', self.get(path).text)[1]

    def send(self, page, action, data=None, files=None):
        """Send a form of a page; the page it leads to."""
        fields = {"word": self.word(page), **(data or {})}
        return self.client.post(action, data=fields, files=files)


def run_jobs_here(monkeypatch):
    """Jobs are done at once, in this process, as their own would do them."""

    def begin(desk, request):
        last = jobs.last_job(desk)
        number = (last.number if last else 0) + 1
        jobs.request_path(desk, number).parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        write_text(jobs.request_path(desk, number), request.to_text())
        log = worker.JobLog(jobs.log_path(desk, number))
        with try_lock(jobs.lock_path(desk)):
            log.write("begun", process=0)
            worker.do_job(desk, JobRequest.from_text(request.to_text()), log)
        return number

    for module in (
        "begin_pages", "data_pages", "ask_pages", "figures_pages", "publish_pages", "interface",
        "watch_pages",
    ):  # fmt: skip
        monkeypatch.setattr(f"birdfall.app.{module}.begin_job", begin)
    return begin


def last_state(visitor, name):
    """How the last job of a case ended."""
    return jobs.last_job(visitor.workspace.desk(name)).state


__all__ = ["ADDRESS", "JobState", "Visitor", "last_state", "run_jobs_here"]
