# SPDX-License-Identifier: MIT
#
# RQ on the Redis at $WEIR_PEER_PORT: a worker that forks for each task, as it does unless told otherwise.
import sys

from redis import Redis
from rq import Queue

import outside

URL = f"redis://127.0.0.1:{outside.PORT}"


def noop(_text):
    outside.arrived()


def send_many(count):
    for sent in range(0, count, 1000):
        some = min(1000, count - sent)
        queue.enqueue_many([Queue.prepare_data("rq_peer.noop", (outside.PAYLOAD,)) for _ in range(some)])


if __name__ == "__main__":
    queue = Queue(connection=Redis.from_url(URL))
    outside.run(lambda text: queue.enqueue("rq_peer.noop", text), send_many,
                [sys.executable, "-m", "rq.cli", "worker", "-q", "-u", URL], "rq:queue:default")
