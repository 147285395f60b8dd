import report from './report.cjs';

const { Report, failure, text } = report;
// What a file does beside its tests.
const FAULTS = new Set([
  'hook-failed', 'internal-error', 'missing-ava-import', 'process-exit', 'uncaught-exception',
  'unhandled-rejection', 'worker-failed', 'shared-worker-error',
]);

const WRAPPED = /^(?:Error thrown in|Rejected promise returned by)/;

export function listen(plan) {
  const written = new Report('ava', plan.files);
  const counts = { passed: 0, failed: 0 };
  const put = (event, state) => {
    if (state === 'passed' || state === 'expected') counts.passed += 1;
    if (state === 'failed') counts.failed += 1;
    const failures = state === 'failed' ? [thrown(event)] : [];
    written.put({ kind: 'test', file: event.testFile, path: [text(event.title)], state, failures });
  };
  const failed = (file, event) => written.put({ kind: 'file', file, failures: [thrown(event)] });
  plan.status.on('stateChange', (event) => {
    if (event.type === 'test-passed') put(event, event.knownFailing ? 'expected' : 'passed');
    else if (event.type === 'test-failed') put(event, 'failed');
    else if (event.type === 'selected-test' && (event.skip || event.todo)) put(event, 'skipped');
    else if (event.type === 'worker-finished') written.put({ kind: 'file', file: event.testFile });
    else if (event.type === 'timeout') for (const file of event.pendingTests.keys()) failed(file, event);
    else if (FAULTS.has(event.type) && event.testFile) failed(event.testFile, event);
    else if (FAULTS.has(event.type)) written.error(event.err ?? event.type);
    else if (event.type === 'end') written.put({ kind: 'end', ...counts });
  });
}

function thrown({ type, title, err }) {
  const found = failure(err ?? type);
  const about = type === 'hook-failed' ? `${text(title)}: ` : '';
  // ava wraps what a test throws, and keeps its stack.
  const thrown = WRAPPED.test(found.message);
  const message = thrown ? found.stack.split('\n')[0] : found.message;
  return { name: thrown ? '' : found.name, message: about + message, stack: found.stack };
}
