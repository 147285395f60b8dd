'use strict';
const reporter = require('./jest.cjs');
const { paths } = require('./left_out.cjs');

const path = require.resolve('./jest.cjs');
const wrapped = new WeakMap();
const WRAPPERS = {
  'jest-config': { readConfigs: withReporter },
  '@jest/core': { runCLI: withErrors },
};

function wrap(name, module) {
  if (!wrapped.has(module)) wrapped.set(module, overlay(module, WRAPPERS[name]));
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
    const globalConfig = Object.freeze({ ...read.globalConfig, reporters });
    return { ...read, globalConfig, configs: read.configs.map(withoutLeftOut) };
  };
}

function withoutLeftOut(config) {
  if (!paths.size) return config;
  const ours = [...paths].map((each) => `^${each.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&')}$`);
  const testPathIgnorePatterns = [...(config.testPathIgnorePatterns || []), ...ours];
  return Object.freeze({ ...config, testPathIgnorePatterns });
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
