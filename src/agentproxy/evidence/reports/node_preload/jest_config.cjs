'use strict';
const reporter = require('./jest.cjs');

const path = require.resolve('./jest.cjs');
const wrapped = new WeakMap();
const WRAPPERS = {
  'jest-config': { readConfigs: withReporter },
  '@jest/core': { runCLI: withErrors },
};

function wrap(name, module) {
  const wrappers = WRAPPERS[name];
  if (!wrappers) return module;
  if (!wrapped.has(module)) wrapped.set(module, overlay(module, wrappers));
  return wrapped.get(module);
}

function overlay(module, wrappers) {
  const over = Object.create(module);
  for (const [name, wrapper] of Object.entries(wrappers)) {
    if (typeof module[name] !== 'function') return module;
    Object.defineProperty(over, name, { enumerable: true, value: wrapper(module[name]) });
  }
  return over;
}

function withReporter(readConfigs) {
  return async (...options) => {
    const read = await readConfigs(...options);
    const reporters = [...(read.globalConfig.reporters || [['default', {}]]), [path, {}]];
    return { ...read, globalConfig: Object.freeze({ ...read.globalConfig, reporters }) };
  };
}

// A globalTeardown that fails is told to no reporter.
function withErrors(runCLI) {
  return async (...options) => {
    try {
      return await runCLI(...options);
    } catch (error) {
      reporter.onFailedRun(error);
      throw error;
    }
  };
}

module.exports = { wrap };
