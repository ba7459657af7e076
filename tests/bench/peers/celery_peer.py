# SPDX-License-Identifier: MIT
#
# Celery on the Redis at $WEIR_PEER_PORT: its default pool with 2 processes. It publishes a group task by task.
import sys

from celery import Celery, group

import outside

app = Celery("celery_peer", broker=f"redis://127.0.0.1:{outside.PORT}/0")
app.conf.update(task_ignore_result=True, worker_hijack_root_logger=False)


@app.task(name="noop")
def noop(_text):
    outside.arrived()


def send_many(count):
    for sent in range(0, count, 1000):
        some = min(1000, count - sent)
        group(noop.s(outside.PAYLOAD) for _ in range(some)).apply_async(add_to_parent=False)


if __name__ == "__main__":
    outside.run(noop.delay, send_many,
                [sys.executable, "-m", "celery", "-A", "celery_peer", "worker", "-l", "ERROR", "-P", "prefork",
                 "-c", "2", "--without-gossip", "--without-mingle", "--without-heartbeat"],
                "celery", held=("unacked",))
