'use strict';
// Writes one report: a line of JSON for each thing that the runner says, and one at its end.
const { openSync, readFileSync, writeSync } = require('fs');
const { join } = require('path');
const { randomBytes } = require('crypto');

const MOST_TEXT = 8000;
const MOST_SOURCE = 3000; // on each side of a place
const MOST_SOURCES = 500;
const MOST_PLACES = 3;
const SAYS_ALL = /AssertionError|\bexpect\(|\bassert/; // unless it says that a call must not throw
const UNWANTED = /unwanted|not\W{0,9}(?:to\W?)?throw/i;
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
    const says = `${failure.name} ${failure.message}`;
    if (this.sources >= MOST_SOURCES || (SAYS_ALL.test(says) && !UNWANTED.test(says))) return;
    // Only the source says whether something is compared (reports/javascript_assertions.py).
    this.sources += 1;
    // A message may hold the stack of another process.
    const [, ...rest] = failure.message ? failure.stack.split(failure.message) : [];
    failure.sources = sourcesAround(rest.join('') || failure.stack);
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

// What is before and after the places of an error in the code of the project, innermost first.
function sourcesAround(stack) {
  const found = [];
  for (const [, file, line, column] of stack.matchAll(PLACE)) {
    if (/[\\/]node_modules[\\/]/.test(file)) continue;
    try {
      found.push({ file, ...cut(read(file, 'utf8'), Number(line), Number(column)) });
    } catch (error) {
      // a file that is nowhere: evaluated, or compiled
    }
    if (found.length === MOST_PLACES) break;
  }
  return found;
}

function cut(text, line, column) {
  let at = 0;
  for (let number = 1; number < line; number += 1) at = text.indexOf('\n', at) + 1 || text.length;
  at += column - 1;
  return { before: text.slice(Math.max(0, at - MOST_SOURCE), at), after: text.slice(at, at + MOST_SOURCE) };
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
