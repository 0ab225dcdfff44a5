"""What people and moderators do on a host of the AT Protocol, over its own interface."""

import base64
import datetime as dt
import json
import urllib.request
from concurrent.futures import ThreadPoolExecutor


class Acting:
    """url: where the host answers. password: its administrator's."""

    url: str
    password: str

    def call(self, method, body=None, authorization=None, *, at=None):
        """One procedure, of the host or of another service `at` an address; its answer."""
        data = b"" if body is None else json.dumps(body).encode()
        headers = {"Content-Type": "application/json"} if body is not None else {}
        if authorization:
            headers["Authorization"] = authorization
        request = urllib.request.Request(
            f"{at or self.url}/xrpc/{method}", data=data, headers=headers, method="POST"
        )
        with urllib.request.urlopen(request, timeout=60) as answer:
            text = answer.read()
        return json.loads(text) if text else {}

    @property
    def admin(self):
        return "Basic " + base64.b64encode(f"admin:{self.password}".encode()).decode()

    def account(self, name):
        made = self.call(
            "com.atproto.server.createAccount",
            {"handle": f"{name}.test", "email": f"{name}@example.com"},
        )
        return {"did": made["did"], "name": name, "token": f"Bearer {made['accessJwt']}"}

    def record(self, who, kind, **values):
        """A record in somebody's repository: {"uri", "cid"}."""
        record = {"$type": kind, **values, "createdAt": moment()}
        body = {"repo": who["did"], "collection": kind, "record": record, "validate": False}
        return self.call("com.atproto.repo.createRecord", body, who["token"])

    def follow(self, who, whom):
        return self.record(who, "app.bsky.graph.follow", subject=whom["did"])["uri"].rpartition(
            "/"
        )[2]

    def post(self, who, text):
        return self.record(who, "app.bsky.feed.post", text=text)

    def unfollow(self, who, key):
        self.call(
            "com.atproto.repo.deleteRecord",
            {"repo": who["did"], "collection": "app.bsky.graph.follow", "rkey": key},
            who["token"],
        )

    def takedown(self, who, applied=True):
        subject = {"$type": "com.atproto.admin.defs#repoRef", "did": who["did"]}
        body = {
            "subject": subject,
            "takedown": {"applied": applied} | ({"ref": "wave"} if applied else {}),
        }
        self.call("com.atproto.admin.updateSubjectStatus", body, self.admin)

    def deactivate(self, who):
        self.call("com.atproto.server.deactivateAccount", {}, who["token"])


def moment():
    return dt.datetime.now(dt.UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def many(work, things, at_once=8):
    """`work` for each, some at once; the results in order."""
    with ThreadPoolExecutor(at_once) as pool:
        return list(pool.map(work, things))
