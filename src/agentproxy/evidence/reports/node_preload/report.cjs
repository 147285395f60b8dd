'use strict';
// Writes one report: a line of JSON for each thing that the runner says, and one at its end.
const { openSync, readFileSync, writeSync } = require('fs');
const { join } = require('path');
const { randomBytes } = require('crypto');

const MOST_TEXT = 8000;
const MOST_SOURCE = 4000; // on each side of a place
const MOST_SOURCES = 500;
// Of these, only the source says whether something is compared (reports/javascript_assertions.py).
const NEEDS_SOURCE = /of undefined|as it is undefined|undefined is not|is not iterable|unwanted|not\W{0,9}(?:to\W?)?throw/i;
const PLACE = /(?:\(|at (?:async )?)(?:file:\/\/)?(\/[^():\n]{1,400}):(\d{1,7}):(\d{1,7})\)?/g;
const open = openSync;
const read = readFileSync;
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
    this.sources = 0;
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

  addSource(failure) {
    if (this.sources >= MOST_SOURCES || !NEEDS_SOURCE.test(failure.message)) return;
    this.sources += 1;
    failure.source = sourceAround(failure.stack);
  }

  put(line) {
    for (const each of line.failures || []) this.addSource(each);
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

// What is before and after the place of an error in the code of the project.
function sourceAround(stack) {
  for (const [, file, line, column] of stack.matchAll(PLACE)) {
    if (/[\\/]node_modules[\\/]/.test(file)) continue;
    try {
      const source = read(file, 'utf8');
      let at = 0;
      for (let number = 1; number < line && at >= 0; number += 1) at = source.indexOf('\n', at) + 1 || -1;
      if (at < 0) return undefined;
      at += column - 1;
      return { file, before: source.slice(Math.max(0, at - MOST_SOURCE), at), after: source.slice(at, at + MOST_SOURCE) };
    } catch (error) {
      return undefined; // of a file that is nowhere: evaluated, or compiled
    }
  }
  return undefined;
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
