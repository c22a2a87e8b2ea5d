import { isAgnesError, messageOf } from '@agnes/errors';

/** One thing that was looked at. `hint` says what to do about a failure, or how to have a skipped check run. */
export interface Check {
  readonly name: string;
  readonly outcome: 'passed' | 'failed' | 'skipped';
  readonly message: string;
  readonly hint?: string;
}

export function passed(name: string, message: string): Check {
  return { name, outcome: 'passed', message };
}

export function failed(name: string, message: string, hint: string): Check {
  return { name, outcome: 'failed', message, hint };
}

export function skipped(name: string, message: string, hint?: string): Check {
  return { name, outcome: 'skipped', message, ...(hint === undefined ? {} : { hint }) };
}

/** Passed when there is nothing in `wrong`; otherwise failed with the first few of them. */
export function noneWrong(name: string, wrong: readonly string[], message: string, hint: string): Check {
  if (wrong.length === 0) return passed(name, message);
  const more = wrong.length > 5 ? ` … and ${wrong.length - 5} more.` : '';
  return failed(name, wrong.slice(0, 5).join(' ') + more, hint);
}

/** Runs a check; what it throws is its failure. */
export async function attempt(name: string, hint: string, look: () => Promise<Check>): Promise<Check> {
  try {
    return await look();
  } catch (error) {
    return failed(name, messageOf(error), (isAgnesError(error) ? error.hint : undefined) ?? hint);
  }
}

/** Whether no check failed. */
export function conforms(checks: readonly Check[]): boolean {
  return checks.every((check) => check.outcome !== 'failed');
}

const MARKS = { passed: 'ok  ', failed: 'FAIL', skipped: 'skip' } as const;

/** The checks as text, one a line, with a count at the end. */
export function formatChecks(checks: readonly Check[]): string {
  const count = (outcome: Check['outcome']) => checks.filter((check) => check.outcome === outcome).length;
  const lines = checks.map(({ name, outcome, message, hint }) => {
    const next = hint === undefined || outcome === 'passed' ? '' : `\n       → ${hint}`;
    return `${MARKS[outcome]}  ${name}: ${message}${next}`;
  });
  return `${[...lines, `${count('passed')} passed, ${count('failed')} failed, ${count('skipped')} skipped`].join('\n')}\n`;
}
