// SPDX-License-Identifier: MIT
//
// What the JavaScript peers share. A peer exports a queue: open(), add(data), addMany(array of data), and
// work(handler, finished), which starts a worker. Called as PEER enqueue|bulk|process|latency N; prints one line of
// JSON with figures named as weir-bench names them. Modules are those installed in the folder $WEIR_PEERS.
'use strict';
const { fork } = require('node:child_process');
const { readFileSync } = require('node:fs');

const PAYLOAD = { text: 'x'.repeat(52) }; // 64 bytes of JSON
const BULK = 1000;

const nowMs = () => Number(process.hrtime.bigint()) / 1e6; // CLOCK_MONOTONIC, the same in all processes
const pause = ms => new Promise(done => setTimeout(done, ms));
const peakMb = () => +/VmHWM:\s+(\d+)/.exec(readFileSync('/proc/self/status', 'utf8'))[1] / 1024;
const perSecond = (n, ms) => ({ tasks_per_s: n / ms * 1e3, peak_mb: peakMb() });

async function fill(queue, n) {
  for (let sent = 0; sent < n; sent += BULK)
    await queue.addMany(Array(Math.min(BULK, n - sent)).fill(PAYLOAD));
}

const scenarios = {
  async enqueue(queue, n) {
    const start = nowMs();
    for (let i = 0; i < n; i++) await queue.add(PAYLOAD);
    return perSecond(n, nowMs() - start);
  },
  async bulk(queue, n) {
    const start = nowMs();
    await fill(queue, n);
    return perSecond(n, nowMs() - start);
  },
  async process(queue, n) {
    await fill(queue, n);
    return new Promise(done => {
      let start = 0, finished = 0;
      queue.work(async () => { start = start || nowMs(); },
        () => { if (++finished === n) done(perSecond(n, nowMs() - start)); });
    });
  },
  async latency(queue, n) {
    const worker = fork(process.argv[1], ['worker']), waits = [];
    const once = () => new Promise(done => worker.once('message', done));
    await once();
    for (let i = 0; i <= n; i++) {
      await pause(i === 0 ? 1000 : 5 + Math.random() * 25);
      const arrived = once(), sent = nowMs();
      await queue.add(PAYLOAD);
      waits.push(await arrived - sent);
    }
    worker.kill('SIGKILL');
    waits.shift(); // the first one opens connections
    waits.sort((a, b) => a - b);
    const rank = part => waits[Math.ceil(part * n) - 1];
    return { pickup_p50_ms: rank(0.5), pickup_p99_ms: rank(0.99) };
  },
};

module.exports = async function run(queue) {
  const [, , scenario, count] = process.argv;
  await queue.open();
  if (scenario === 'worker') {
    queue.work(async () => { process.send(nowMs()); }, () => {});
    process.send(0);
    return;
  }
  console.log(JSON.stringify(await scenarios[scenario](queue, +count)));
  process.exit(0);
};
