'use strict';
// Test files that need not run, by their whole paths.
const paths = new Set((process.env.AGENTPROXY_LEAVE_OUT || '').split('\n').filter(Boolean));

module.exports = { paths, runs: (path) => !paths.has(path) };
