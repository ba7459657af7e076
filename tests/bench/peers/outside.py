# SPDX-License-Identifier: MIT
#
# What the Python peers share: they are measured from outside, as their workers are programs of their own. A peer calls
# run() with a way to send one task, one to send many, the command of its worker, and the keys that say what is left: a
# list and perhaps a hash or a sorted set of what is being worked on. Called as PEER enqueue|bulk|process|latency N; prints one
# line of JSON with figures named as weir-bench names them. With latency, tasks call arrived().
import json
import math
import os
import random
import signal
import subprocess
import sys
import time

import redis

PORT = int(os.environ["WEIR_PEER_PORT"])
PAYLOAD = "x" * 62


def arrived():
    pipe = os.environ.get("WEIR_PEER_PIPE")
    if pipe:
        with open(pipe, "w") as out:
            out.write(f"{time.monotonic():.6f}\n")


def family(pid):
    """A process and its descendants."""
    found = [pid]
    try:
        with open(f"/proc/{pid}/task/{pid}/children") as children:
            for child in children.read().split():
                found += family(int(child))
    except OSError:
        pass
    return found


def resident_mb(pid):
    pages = 0
    for one in family(pid):
        try:
            with open(f"/proc/{one}/statm") as statm:
                pages += int(statm.read().split()[1])
        except (OSError, IndexError):
            pass
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


class Peer:
    def __init__(self, send, send_many, command, pending, held=()):
        self.send, self.send_many, self.command = send, send_many, command
        self.pending, self.held = pending, held
        self.redis = redis.Redis(port=PORT)

    def left(self):
        count = self.redis.llen(self.pending)
        for key in self.held:
            kind = self.redis.type(key)
            count += self.redis.hlen(key) if kind == b"hash" else 0
            count += self.redis.zcard(key) if kind == b"zset" else 0
        return count

    def start_worker(self):
        return subprocess.Popen(self.command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                                start_new_session=True)

    def end_worker(self, worker):
        os.killpg(worker.pid, signal.SIGKILL)
        worker.wait()

    def timed(self, send, count):
        start = time.monotonic()
        send(count)
        return {"tasks_per_s": count / (time.monotonic() - start)}

    def send_one_by_one(self, count):
        for _ in range(count):
            self.send(PAYLOAD)

    def process(self, count):
        self.send_many(count)
        worker = self.start_worker()
        try:
            while self.redis.llen(self.pending) == count:
                time.sleep(0.001)
            start, first = time.monotonic(), self.left()
            while self.left() > 0:
                time.sleep(0.005)
            seconds = time.monotonic() - start
            peak = resident_mb(worker.pid)
        finally:
            self.end_worker(worker)
        return {"tasks_per_s": first / seconds, "peak_mb": peak}

    def latency(self, count):
        pipe = os.fdopen(os.open(os.environ["WEIR_PEER_PIPE"], os.O_RDWR), "r")
        worker = self.start_worker()
        waits = []
        try:
            for _ in range(count + 1):
                time.sleep(0.005 + random.random() * 0.025)
                sent = time.monotonic()
                self.send(PAYLOAD)
                waits.append((float(pipe.readline()) - sent) * 1e3)
        finally:
            self.end_worker(worker)
        waits = sorted(waits[1:])
        return {"pickup_p50_ms": waits[math.ceil(0.5 * count) - 1],
                "pickup_p99_ms": waits[math.ceil(0.99 * count) - 1]}

    def run(self, scenario, count):
        self.left()  # connects
        figures = {
            "enqueue": lambda: self.timed(self.send_one_by_one, count),
            "bulk": lambda: self.timed(self.send_many, count),
            "process": lambda: self.process(count),
            "latency": lambda: self.latency(count),
        }[scenario]()
        print(json.dumps(figures))


def run(*args, **named):
    Peer(*args, **named).run(sys.argv[1], int(sys.argv[2]))
