'use strict';
// Loaded by every process of node in a check, through NODE_OPTIONS. It finds the runner where that
// loads, and adds a reporter to it. What the runner prints stays the same. Syntax of node 12.
const Module = require('module');

const IS_MOCHA = /(?:^|[\\/])mocha(?:\.c?js)?$/;
const JEST = new Set(['jest-config', '@jest/core']);
const main = process.argv[1] || '';

try {
  if (require('worker_threads').isMainThread && process.env.AGENTPROXY_REPORTS) prepare();
} catch (error) {
  // A node that is too old, or a folder that cannot be read: the check runs without a report.
}

function prepare() {
  const report = require('./report.cjs'); // takes the file functions before a test can replace them
  if (process.execArgv.includes('--test') && !process.env.NODE_TEST_CONTEXT) {
    // The runner of node starts its files before it has loaded our reporter.
    report.leaveDescendantsAlone();
    return;
  }
  watchRequire();
  require('./esm_entry.cjs').prepare(main);
  // Playwright adds the reporter that this variable names to those of its configuration.
  if (/playwright/.test(main) && !process.env.PW_TEST_REPORTER) {
    process.env.PW_TEST_REPORTER = require.resolve('./playwright.cjs');
  }
}

function watchRequire() {
  const load = Module._load;
  const ours = function (request) {
    const loaded = load.apply(this, arguments);
    if (JEST.has(request)) return require('./jest_config.cjs').wrap(request, loaded);
    if (IS_MOCHA.test(request) && require('./mocha_class.cjs').attach(loaded)) {
      // mocha loads tests as node does: out of their stack traces.
      if (Module._load === ours) Module._load = load;
    }
    return loaded;
  };
  Module._load = ours;
}
