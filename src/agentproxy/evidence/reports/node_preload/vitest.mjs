import report from './report.cjs';

const { Report, failure, text } = report;

export function reporter() {
  let written;
  return {
    onTestRunStart(specifications) {
      const files = new Set(specifications.map((each) => each.moduleId));
      written = new Report('vitest', [...files]);
    },
    onTestRunEnd(modules, errors) {
      const counts = { passed: 0, failed: 0 };
      for (const module of modules) putModule(written, module, counts);
      for (const error of errors) written.error(error);
      written.put({ kind: 'end', ...counts });
    },
  };
}

function putModule(written, module, counts) {
  const of = { file: module.moduleId, project: text(module.project.name) };
  for (const test of module.children.allTests()) {
    const { state, errors } = test.result();
    if (state in counts) counts[state] += 1;
    const failures = (errors ?? []).map(failure);
    const shown = test.options.fails && state === 'passed' ? 'expected' : state;
    written.put({ kind: 'test', ...of, path: titles(test), state: shown, failures });
  }
  const suites = [...module.children.allSuites()].flatMap((suite) => suite.errors());
  const failures = [...module.errors(), ...suites].map(failure);
  written.put({ kind: 'file', ...of, failures });
}

function titles(test) {
  const found = [];
  for (let each = test; each && each.type !== 'module'; each = each.parent) found.unshift(text(each.name));
  return found;
}
