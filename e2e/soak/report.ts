import { drift, type Sample } from './measure.ts';
import type { SoakResult } from './run-soak.ts';
import type { Tally } from './tally.ts';

const MB = 1e6;
const n = (value: number): string => Math.round(value).toLocaleString('en');

/** One line while it runs. */
export function progressLine(tally: Tally, sample: Sample | undefined, seconds: number): string {
  const lag = sample?.lag;
  return [
    `${n(seconds)} s`,
    `RSS ${n((sample?.rss ?? 0) / MB)} MB`,
    `open files ${sample?.openFiles ?? '?'}`,
    `lag p50 ${lag?.p50} p99 ${lag?.p99} max ${lag?.max} ms`,
    `${n(tally.publishes)} publishes`,
    `${n(tally.requests)} requests`,
    `${n(tally.bytes / MB)} MB`,
    `${n(tally.verifiedParts)} parts verified`,
    `errors ${n(errorCount(tally))}, 5xx ${tally.serverErrors}, stale ${tally.stale}, torn ${tally.torn}`,
  ].join('; ');
}

export function errorCount({ errors }: Tally): number {
  return [...errors.values()].reduce((sum, count) => sum + count, 0);
}

/** The whole, as data. */
export function reportOf({ tally, samples, seconds }: SoakResult) {
  const openFiles = samples.flatMap((sample) => (sample.openFiles === null ? [] : [sample.openFiles]));
  const { versions, errors, ...counts } = tally;
  return {
    seconds: Math.round(seconds),
    ...counts,
    versions: versions.size,
    errors: Object.fromEntries(errors),
    lag_ms: samples.at(-1)?.lag,
    rss_bytes: { ...drift(samples.map(({ rss }) => rss)), most: Math.max(...samples.map(({ rss }) => rss)) },
    open_files: openFiles.length === 0 ? null : { ...drift(openFiles), most: Math.max(...openFiles) },
    failed: errorCount(tally) + tally.serverErrors + tally.stale + tally.torn > 0,
  };
}

export function reportText(report: ReturnType<typeof reportOf>): string {
  const { rss_bytes: rss, open_files: files, lag_ms: lag } = report;
  const errors = Object.entries(report.errors).map(([code, count]) => `${code} ${count}`);
  const lines = [
    `${n(report.seconds)} s: ${n(report.publishes)} publishes, ${n(report.grantsChanged)} grants changed, ${n(report.pulls)} pulls by clients, ${n(report.laptopPulls)} by a laptop`,
    `${n(report.requests)} requests, ${n(report.notModified)} of them answered 304, ${n(report.bytes / MB)} MB, ${n(report.verifiedParts)} parts verified, ${n(report.versions)} versions seen`,
    `errors: ${errors.length === 0 ? '0' : errors.join(', ')}; 5xx: ${report.serverErrors}; stale answers: ${report.stale}; torn answers: ${report.torn}; parts taken back between manifest and download: ${report.revokedMeanwhile}`,
    `event loop of the server: p50 ${lag?.p50} ms, p99 ${lag?.p99} ms, max ${lag?.max} ms late`,
    `RSS of the server: first quarter ${n(rss.first / MB)} MB, last quarter ${n(rss.last / MB)} MB, most ${n(rss.most / MB)} MB`,
    files === null
      ? 'open files: this system does not tell'
      : `open files of the server: first quarter ${files.first.toFixed(1)}, last quarter ${files.last.toFixed(1)}, most ${files.most}`,
    ...report.notes,
  ];
  return `${lines.join('\n')}\n`;
}
