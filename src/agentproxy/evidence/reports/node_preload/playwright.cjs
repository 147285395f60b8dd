'use strict';
const { Report, failure, text } = require('./report.cjs');

module.exports = class {
  printsToStdio() {
    return false;
  }

  onBegin(config, suite) {
    this.suite = suite;
    this.report = new Report('playwright', []);
  }

  onError(error) {
    if (this.report) this.report.error(error);
  }

  onEnd() {
    if (!this.report) return;
    const counts = { passed: 0, failed: 0 };
    for (const test of this.suite.allTests()) this.put(test, counts);
    this.report.put({ kind: 'end', ...counts });
  }

  put(test, counts) {
    const state = stateOf(test);
    if (state === 'passed' || state === 'expected') counts.passed += 1;
    if (state === 'failed') counts.failed += 1;
    const [, project, , ...path] = test.titlePath();
    const last = test.results[test.results.length - 1];
    this.report.put({
      kind: 'test', file: test.location.file, project: text(project), path: path.map(text), state,
      failures: last && state === 'failed' ? last.errors.map(failure) : [],
    });
  }
};

function stateOf(test) {
  if (test.outcome() === 'skipped') return 'skipped';
  if (test.outcome() === 'unexpected') return 'failed';
  return test.expectedStatus === 'failed' ? 'expected' : 'passed';
}
