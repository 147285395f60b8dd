'use strict';
// Loaded by every process of node in a check, through NODE_OPTIONS. It finds the runner where that
// loads, and adds a reporter to it. What the runner prints stays the same. Syntax of node 12.
const Module = require('module');
const { isMainThread } = require('worker_threads');

const IS_MOCHA = /(?:^|[\\/])mocha(?:\.c?js)?$/;

if (isMainThread && process.env.AGENTPROXY_REPORTS) {
  require('./report.cjs'); // takes the file functions before a test can replace them
  watchRequire();
  require('./esm_entry.cjs').prepare(process.argv[1]);
  // Playwright adds the reporter that this variable names to those of its configuration.
  if (!process.env.PW_TEST_REPORTER) process.env.PW_TEST_REPORTER = require.resolve('./playwright.cjs');
}

function watchRequire() {
  const { wrap } = require('./jest_config.cjs');
  const { attach } = require('./mocha_class.cjs');
  const load = Module._load;
  const ours = function (request) {
    const loaded = load.apply(this, arguments);
    // mocha loads tests as node does: out of their stack traces.
    if (IS_MOCHA.test(request) && attach(loaded) && Module._load === ours) Module._load = load;
    return wrap(request, loaded);
  };
  Module._load = ours;
}
