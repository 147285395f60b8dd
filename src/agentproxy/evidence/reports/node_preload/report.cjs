'use strict';
// Writes one report: a line of JSON for each thing that the runner says, and one at its end.
const { openSync, writeSync } = require('fs');
const { join } = require('path');
const { randomBytes } = require('crypto');

const MOST_TEXT = 8000;
const open = openSync;
const write = writeSync;
const folder = process.env.AGENTPROXY_REPORTS || '';
const OURS = [
  /--require="?[^"\s]*node_preload\/preload\.cjs"?\s*/,
  /(?:--test-reporter=spec --test-reporter-destination=stdout )?--test-reporter="?[^"\s]*node_preload\/node_test\.cjs"? --test-reporter-destination=stdout\s*/,
];

class Report {
  constructor(runner, files) {
    // In the order of the runs.
    const name = Date.now().toString(16) + randomBytes(8).toString('hex');
    this.waiting = [];
    this.path = join(folder, `${runner}-${name}.jsonl`);
    this.put({ kind: 'start', runner, files: files.map(String) });
    leaveDescendantsAlone();
    process.on('uncaughtExceptionMonitor', (error) => {
      if (!process.listenerCount('uncaughtException')) this.error(error);
    });
  }

  // An error beside all tests and files.
  error(error) {
    this.put({ kind: 'error', failures: [failure(error)] });
  }

  put(line) {
    this.waiting.push(`${JSON.stringify(line)}\n`);
    try {
      if (this.fd === undefined) this.fd = open(this.path, 'wx');
      for (; this.waiting.length; this.waiting.shift()) writeAll(this.fd, this.waiting[0]);
    } catch (error) {
      // A full disk, or functions of files that a test has replaced for now. Without its end
      // the report does not count.
    }
  }
}

function writeAll(fd, line) {
  const bytes = Buffer.from(line);
  for (let at = 0; at < bytes.length; ) at += write(fd, bytes, at);
}

// A runner that a test starts is no runner of the check.
function leaveDescendantsAlone() {
  const options = process.env.NODE_OPTIONS || '';
  const rest = OURS.reduce((left, ours) => left.replace(ours, ''), options).trim();
  if (rest) process.env.NODE_OPTIONS = rest;
  else delete process.env.NODE_OPTIONS;
  delete process.env.AGENTPROXY_REPORTS;
  delete process.env.AGENTPROXY_LEAVE_OUT;
  if (String(process.env.PW_TEST_REPORTER).startsWith(__dirname)) delete process.env.PW_TEST_REPORTER;
}

function text(value) {
  try {
    const whole = String(value === undefined || value === null ? '' : value).slice(0, MOST_TEXT);
    return Buffer.from(whole).toString(); // without halves of characters
  } catch (error) {
    return ''; // an object of a test that is no text
  }
}

function failure(error) {
  if (error === null || typeof error !== 'object') return { name: '', message: text(error), stack: '' };
  // Getters of a test's own object may throw.
  try {
    return described(error);
  } catch (other) {
    return { name: '', message: '', stack: '' };
  }
}

function described(error) {
  return {
    name: text(error.code === 'ERR_ASSERTION' ? 'AssertionError' : error.name),
    message: text(error.message),
    stack: text(error.stack),
  };
}

module.exports = { Report, failure, folder, leaveDescendantsAlone, text };
