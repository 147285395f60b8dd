'use strict';
const { readFileSync, realpathSync } = require('fs');
const { dirname, join } = require('path');
const { pathToFileURL } = require('url');
const Module = require('module');

// Runners that are modules of ES, which `require` does not see: their entry waits for ours.
const ENTRIES = [
  [/[\\/]vitest[\\/]vitest\.mjs$/, 'vitest_entry.mjs'],
  [/[\\/]ava[\\/]entrypoints[\\/]cli\.mjs$/, 'ava_entry.mjs'],
];

function prepare(main) {
  const entry = realPath(main);
  const row = ENTRIES.find(([pattern]) => pattern.test(entry));
  if (!row) return;
  process.env.AGENTPROXY_ENTRY = dirname(entry);
  const ours = pathToFileURL(join(__dirname, row[1])).href;
  if (typeof Module.registerHooks === 'function') loadFirst(ours, entry);
  else import(ours).catch(() => {}); // before node 22.15: ours ends while the runner starts
}

function loadFirst(ours, entry) {
  const url = pathToFileURL(entry).href;
  const hooks = Module.registerHooks({
    load(asked, context, next) {
      if (asked !== url) return next(asked, context);
      hooks.deregister();
      const text = readFileSync(entry, 'utf8').replace(/^#!.*/, '');
      const source = `import ${JSON.stringify(ours)};${text}`; // the lines keep their numbers
      return { format: 'module', source, shortCircuit: true };
    },
  });
}

function realPath(path) {
  try {
    return realpathSync(path || '');
  } catch (error) {
    return '';
  }
}

module.exports = { prepare };
