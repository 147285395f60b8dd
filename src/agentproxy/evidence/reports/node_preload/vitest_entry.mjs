import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import leftOut from './left_out.cjs';
import { reporter } from './vitest.mjs';

const chunks = join(process.env.AGENTPROXY_ENTRY, 'dist', 'chunks');
delete process.env.AGENTPROXY_ENTRY;

try {
  const file = readdirSync(chunks).find((name) => /^cli-api\..*\.js$/.test(name));
  const exported = Object.values(await import(pathToFileURL(join(chunks, file)).href));
  attach(exported.find((each) => each?.name === 'Vitest' && each.prototype?.start));
} catch {
  // Another vitest: without a report the exit code decides.
}

function attach(Vitest) {
  const { start } = Vitest.prototype;
  Vitest.prototype.start = function (...filters) {
    if (Array.isArray(this.reporters) && !this.config.watch) this.reporters.push(reporter());
    leaveOut(this.specifications);
    return start.apply(this, filters);
  };
}

function leaveOut(specifications) {
  const all = specifications?.getRelevantTestSpecifications;
  if (!leftOut.paths.size || typeof all !== 'function') return;
  specifications.getRelevantTestSpecifications = async (...filters) => {
    const found = await all.apply(specifications, filters);
    return found.filter((each) => leftOut.runs(each.moduleId));
  };
}
