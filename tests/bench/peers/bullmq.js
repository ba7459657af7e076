// SPDX-License-Identifier: MIT
//
// BullMQ on the Redis at $WEIR_PEER_PORT; 50 jobs at once, with which it is fastest.
'use strict';
const { createRequire } = require('node:module');
const { Queue, Worker } = createRequire(process.env.WEIR_PEERS + '/')('bullmq');

const connection = { host: '127.0.0.1', port: +process.env.WEIR_PEER_PORT, maxRetriesPerRequest: null };
const opts = { removeOnComplete: true };
let queue;

require('./peer.js')({
  async open() {
    queue = new Queue('bench', { connection });
    await queue.waitUntilReady();
  },
  add: data => queue.add('job', data, opts),
  addMany: all => queue.addBulk(all.map(data => ({ name: 'job', data, opts }))),
  work: (handler, finished) =>
    new Worker('bench', handler, { connection, concurrency: 50 }).on('completed', finished),
});
