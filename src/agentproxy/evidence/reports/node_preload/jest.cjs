'use strict';
const { Report, text } = require('./report.cjs');

let last;

module.exports = class {
  constructor(globalConfig) {
    this.watched = globalConfig.watch || globalConfig.watchAll;
  }

  onRunStart(results) {
    if (!this.watched) this.report = last = new Report('jest', []);
    this.expected = results.numTotalTestSuites;
  }

  static onFailedRun(error) {
    if (last) last.error(error);
  }

  onTestResult(test, result) {
    if (!this.report) return;
    const project = test.context.config.displayName;
    const of = { file: result.testFilePath, project: text(project && project.name) };
    for (const each of result.testResults) this.report.put({ kind: 'test', ...of, ...outcome(each) });
    const error = result.testExecError || result.failureMessage && result.numFailingTests === 0;
    this.report.put({ kind: 'file', ...of, failures: error ? [thrown(error, result)] : [] });
  }

  onRunComplete(contexts, results) {
    if (!this.report) return;
    this.report.put({
      kind: 'end',
      files: this.expected,
      passed: results.numPassedTests,
      failed: results.numFailedTests,
    });
    if (results.runExecError) this.report.error(results.runExecError);
  }
};

function outcome(each) {
  return {
    path: [...each.ancestorTitles, each.title].map(text),
    state: each.failing && each.status === 'passed' ? 'expected' : each.status,
    failures: each.failureMessages.map((message) => {
      const stack = text(message);
      return { name: /^(\w*Error)\b/.test(stack) ? RegExp.$1 : '', message: stack, stack };
    }),
  };
}

function thrown(error, result) {
  const stack = text(error.stack || result.failureMessage);
  return { name: '', message: text(error.message || result.failureMessage), stack };
}
