'use strict';
const { join } = require('path');
const { Report, failure, text } = require('./report.cjs');
const { runs } = require('./left_out.cjs');

const FRAME = /(\(|^ *at (?:async )?)(?!node:|file:|[/(])([^()\s]+:\d+:\d+)(?=\)?$)/gm;

function attach(Mocha) {
  const run = Mocha && Mocha.prototype && Mocha.prototype.run;
  if (typeof run !== 'function' || !Mocha.Runner) return false;
  leaveOut(Mocha.prototype);
  Mocha.prototype.run = function (...options) {
    Mocha.prototype.run = run; // what a test starts in this process is no run of the check
    this.files = this.files.filter(runs);
    const Reporter = this._reporter;
    const mocha = this;
    this._reporter = function (runner, given) {
      mocha._reporter = Reporter;
      listen(runner, new Report('mocha', []), mocha.options.dryRun);
      return new Reporter(runner, given);
    };
    return run.apply(this, options);
  };
  return true;
}

function leaveOut(prototype) {
  for (const name of ['loadFiles', 'loadFilesAsync']) {
    const own = prototype[name];
    if (typeof own !== 'function') continue;
    prototype[name] = function (...options) {
      this.files = this.files.filter(runs);
      return own.apply(this, options);
    };
  }
}

function listen(runner, report, dryRun) {
  const numbers = new Map();
  const counts = { passed: 0, failed: 0 };
  const put = (test, state, failures) => {
    const number = test.id || test; // in parallel mode one test is several objects
    if (!numbers.has(number)) numbers.set(number, numbers.size);
    report.put({
      kind: 'test', id: numbers.get(number), file: fileOf(test), path: titles(test), state, failures,
    });
  };
  runner.on('pass', (test) => {
    counts.passed += 1;
    put(test, dryRun ? 'pending' : 'passed', []);
  });
  runner.on('pending', (test) => put(test, 'pending', []));
  runner.on('fail', (test, error) => {
    counts.failed += 1;
    if (test.type !== 'hook') put(test, 'failed', [thrown(error)]);
    else if (fileOf(test)) report.put({ kind: 'file', file: fileOf(test), failures: [hook(test, error)] });
    else report.error(error);
  });
  runner.on('end', () => report.put({ kind: 'end', ...counts }));
}

function fileOf(runnable) {
  for (let each = runnable; each; each = each.parent) if (each.file) return text(each.file);
  return '';
}

function titles(test) {
  if (typeof test.titlePath === 'function') return test.titlePath().map(text);
  return [text(test.fullTitle())];
}

// mocha shows paths as they are from its folder.
function thrown(error) {
  const found = failure(error);
  const stack = found.stack.replace(FRAME, (_, before, path) => before + join(process.cwd(), path));
  return { ...found, stack };
}

function hook(test, error) {
  const failed = thrown(error);
  return { ...failed, message: `${text(test.title)}: ${failed.message}` };
}

module.exports = { attach };
