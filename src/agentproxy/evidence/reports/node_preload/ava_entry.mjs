import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { listen } from './ava.mjs';

const reporters = join(process.env.AGENTPROXY_ENTRY, '..', 'lib', 'reporters');
delete process.env.AGENTPROXY_ENTRY;

for (const name of ['default.js', 'tap.js']) {
  try {
    attach((await import(pathToFileURL(join(reporters, name)).href)).default);
  } catch {
    // Another ava: without a report the exit code decides.
  }
}

function attach(Reporter) {
  const { startRun } = Reporter.prototype;
  Reporter.prototype.startRun = function (plan) {
    if (!this.watching) listen(plan);
    return startRun.call(this, plan);
  };
}
