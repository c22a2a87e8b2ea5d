/** How one thing is doing: `skipped` when something before it is broken, or when there is nothing to look at. */
export type CheckStatus = 'ok' | 'warning' | 'error' | 'skipped';

export interface Check {
  readonly name: string;
  readonly status: CheckStatus;
  /** What was found, in one sentence. */
  readonly message: string;
  /** What to do about it, usually a command. */
  readonly action?: string;
  readonly details?: Readonly<Record<string, unknown>>;
}

export interface Diagnosis {
  readonly overall: 'healthy' | 'degraded' | 'broken';
  readonly checks: readonly Check[];
  readonly suggested_actions: readonly string[];
}

/** Broken when anything is an error, degraded when anything is a warning. */
export function diagnosisOf(checks: readonly Check[]): Diagnosis {
  const has = (status: CheckStatus): boolean => checks.some((check) => check.status === status);
  const actions = checks.map(({ action }) => action).filter((action) => action !== undefined);
  return {
    overall: has('error') ? 'broken' : has('warning') ? 'degraded' : 'healthy',
    checks,
    suggested_actions: [...new Set(actions)],
  };
}

const MARKS: Readonly<Record<CheckStatus, string>> = { ok: '✓', warning: '!', error: '✗', skipped: '-' };

/** One line a check, with its next step under it. */
export function diagnosisText({ checks }: Diagnosis): string {
  const width = Math.max(...checks.map(({ name }) => name.length));
  return checks
    .flatMap(({ name, status, message, action }) => [
      `${MARKS[status]} ${name.padEnd(width)}  ${message}`,
      ...(action === undefined ? [] : [`  ${' '.repeat(width)}  → ${action}`]),
    ])
    .join('\n');
}
