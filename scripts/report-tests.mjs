// Prints `N passed, N failed` from vitest's JSON report. No report, no tests, or any failure ends with 1.
import { existsSync, readFileSync } from 'node:fs';

const [path] = process.argv.slice(2);
const report = path !== undefined && existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')) : undefined;
if (report === undefined)
  process.stderr.write(`There is no test report at ${path}: the suite did not run to its end.\n`);

const passed = report?.numPassedTests ?? 0;
const skipped = (report?.numPendingTests ?? 0) + (report?.numTodoTests ?? 0);
// A file that cannot be loaded fails without a test of its own, and an unhandled error fails the run without any.
const brokenFiles = (report?.testResults ?? []).filter(
  (file) => file.status === 'failed' && !file.assertionResults.some((test) => test.status === 'failed'),
).length;
const counted = (report?.numFailedTests ?? 0) + brokenFiles;
const isGood = report?.success === true && passed > 0;
const failed = counted > 0 || isGood ? counted : 1;

process.stdout.write(`${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}\n`);
process.exitCode = failed > 0 ? 1 : 0;
