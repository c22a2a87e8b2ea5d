/**
 * For `node --import`: makes the file-system calls of a program fail as the JSON in AGNES_TEST_FAILURE says (a
 * {@link FailurePlan} and `report`, a file that gets the {@link FailureReport} when the program ends).
 */
import { writeFileSync } from 'node:fs';
import { type FailurePlan, failCalls, stopFailing } from './failing-calls.ts';

const text = process.env.AGNES_TEST_FAILURE;
if (text !== undefined && text !== '') {
  const { report, ...plan } = JSON.parse(text) as FailurePlan & { readonly report: string };
  await failCalls(plan);
  process.on('exit', () => {
    const happened = stopFailing();
    writeFileSync(report, JSON.stringify(happened));
  });
}
