"""A wave on the dashboard without any server, from simulated lines at their own pace.

    python examples/watch_demo.py [seconds of quiet before the wave]

Twelve hundred accounts follow a leader or a control; people fall now and then; then two hundred of
the leader's followers fall within twenty seconds, reported by forty accounts before; some come
back. Everything here is simulated.
"""

import datetime as dt
import json
import random
import signal
import subprocess
import sys
import tempfile
import time


def line(**values: object) -> bytes:
    values["time"] = dt.datetime.now(dt.UTC).isoformat()
    return (json.dumps(values) + "\n").encode()


def main() -> None:
    quiet = float(sys.argv[1]) if len(sys.argv) > 1 else 60.0
    chance = random.Random(1)
    folder = tempfile.mkdtemp(prefix="birdfall-watch-demo-")
    command = [
        sys.executable,
        "-m",
        "birdfall",
        "watch",
        "-",
        "--state",
        folder,
        "--leader",
        "leader",
        "--leader",
        "control",
        "--simulated",
    ]
    watch = subprocess.Popen([*command, "--dashboard", "8470"], stdin=subprocess.PIPE)
    pipe = watch.stdin
    assert pipe is not None
    try:
        for name in ("leader", "control"):
            pipe.write(line(kind="account", account=name, handle=f"{name}.simulated"))
        for i in range(1200):
            pipe.write(
                line(kind="follow", follower=f"a{i}", followed="leader" if i % 2 else "control")
            )
        pipe.flush()
        print(
            "Simulated data. Open http://127.0.0.1:8470/ and wait: the wave comes in",
            round(quiet),
            "seconds.",
            file=sys.stderr,
        )
        end = time.monotonic() + quiet
        while time.monotonic() < end:
            time.sleep(chance.expovariate(0.1))
            pipe.write(
                line(kind="status", account=f"b{chance.randrange(10**6)}", status="suspended")
            )
            pipe.flush()
        victims = [f"a{i}" for i in range(1, 401, 2)]
        for reporter in range(40):
            for target in chance.sample(victims[:8], 6):
                pipe.write(
                    line(
                        kind="report",
                        account=f"r{reporter}",
                        target=target,
                        id=f"{reporter}-{target}",
                    )
                )
            pipe.flush()
            time.sleep(0.2)
        for victim in victims:
            pipe.write(line(kind="status", account=victim, status="suspended", reason="spam"))
            pipe.flush()
            time.sleep(0.1)
        time.sleep(15)
        for victim in victims[::3]:
            pipe.write(line(kind="status", account=victim, status="active"))
            pipe.flush()
            time.sleep(0.1)
        print("That was all. The dashboard stays until you press Ctrl-C.", file=sys.stderr)
        watch.wait()
    except (BrokenPipeError, KeyboardInterrupt):
        watch.terminate()
        watch.wait()


if __name__ == "__main__":
    # a shell that starts it in the background hands on SIGINT ignored
    signal.signal(signal.SIGINT, signal.default_int_handler)
    main()
