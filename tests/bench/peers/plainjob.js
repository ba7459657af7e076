// SPDX-License-Identifier: MIT
//
// plainjob on the SQLite file $WEIR_PEER_FILE (WAL, synchronous=NORMAL, as it sets it itself); one worker, as it is made for.
'use strict';
const { createRequire } = require('node:module');
const Database = createRequire(process.env.WEIR_PEERS + '/')('better-sqlite3');

const logger = { error: console.error, warn() {}, info() {}, debug() {} };
let plainjob, queue;

require('./peer.js')({
  async open() {
    plainjob = await import(process.env.WEIR_PEERS + '/node_modules/plainjob/dist/plainjob.js');
    const connection = plainjob.better(new Database(process.env.WEIR_PEER_FILE));
    queue = plainjob.defineQueue({ connection, logger });
  },
  add: async data => queue.add('job', data),
  addMany: async all => queue.addMany('job', all),
  work: (handler, finished) =>
    plainjob.defineWorker('job', handler, { queue, logger, onCompleted: finished }).start(),
});
