'use strict';
// A reporter for the runner of node (`node --test`), which loads it beside the one that prints.
const { statSync } = require('fs');
const { isAbsolute, resolve } = require('path');
const { Report, failure, folder, text } = require('./report.cjs');

const COUNT = /^(pass|fail) (\d+)$/;

module.exports = async function* (events) {
  if (!folder) return;
  const run = new Run();
  for await (const { type, data } of events) {
    if (type === 'test:start') run.starts(data);
    else if (type === 'test:pass') run.ends(data, []);
    else if (type === 'test:fail') run.ends(data, [data.details.error]);
    else if (type === 'test:diagnostic' && data.nesting === 0) run.says(data.message);
  }
  run.end();
};

class Run {
  constructor() {
    this.report = new Report('node', []);
    this.around = [];
    this.counts = {};
    this.failures = 0;
  }

  starts({ nesting, name }) {
    if (nesting > 0 && this.around[nesting - 1]) this.around[nesting - 1].isSuite = true;
    this.around.length = nesting;
    this.around[nesting] = { name: text(name), isSuite: false };
  }

  ends(data, errors) {
    const { isSuite } = this.around[data.nesting] || {};
    this.around.length = data.nesting;
    const fails = errors.length > 0 && data.todo === undefined && data.skip === undefined;
    const failures = fails ? errors.map(thrown) : [];
    this.failures += failures.length;
    const file = data.file ? resolve(text(data.file)) : '';
    if (standsForFile(data, file)) {
      this.report.put({ kind: 'file', file: file || text(data.name), failures });
      return;
    }
    // What holds tests is none, unless it fails by itself: in a hook, or after them.
    const holds = isSuite || data.details.type === 'suite';
    if (holds && !errors.some((error) => error.failureType !== 'subtestsFailed')) return;
    if (holds && !fails) return;
    const path = [...this.around.map((each) => each.name), text(data.name)];
    this.report.put({ kind: 'test', file, path, state: stateOf(data, fails), failures });
  }

  says(message) {
    const [, of, count] = COUNT.exec(message) || [];
    if (of) this.counts[of] = Number(count);
  }

  end() {
    const { pass, fail } = this.counts;
    if (pass === undefined || fail === undefined) return;
    if (fail > 0 && !this.failures) this.report.error('a test fails that has no name');
    this.report.put({ kind: 'end', passed: pass, failed: fail });
  }
}

function isFile(name) {
  try {
    return statSync(name).isFile();
  } catch {
    return false;
  }
}

// A file without tests, and one that ends badly.
function standsForFile({ nesting, name }, file) {
  return nesting === 0 && ((isAbsolute(name) && isFile(name)) || (file !== '' && resolve(name) === file));
}

function stateOf({ skip, todo }, fails) {
  if (fails) return 'failed';
  if (todo !== undefined) return 'expected';
  return skip !== undefined ? 'skipped' : 'passed';
}

function thrown(error) {
  return failure(error && error.cause !== undefined ? error.cause : error);
}
