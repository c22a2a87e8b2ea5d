import { AgnesError } from '@agnes/errors';
import * as v from 'valibot';

/** One thing that is wrong with a request. It never repeats the value: that may be a password. */
export interface InputIssue {
  /** Where: `body.email`, `query.n`. */
  readonly field: string;
  readonly message: string;
  readonly expected?: string;
}

type Place = 'params' | 'query' | 'body';

/** `value` as `schema` understands it. Throws `invalid_request` that lists each field that is wrong. */
export function parseInput(schema: v.GenericSchema, value: unknown, place: Place): unknown {
  const result = v.safeParse(schema, value);
  if (result.success) return result.output;
  const issues = result.issues.flatMap(mostSpecific).map((issue) => describe(issue, place));
  throw new AgnesError(
    'invalid_request',
    `The request is not valid: ${issues.map(({ field, message }) => `${field} ${message}`).join('; ')}.`,
    { hint: 'Correct the fields in `issues`; /openapi.json declares what each of them takes.', details: { issues } },
  );
}

// Of the options of a union, the one that got past its outermost type is what the caller meant.
function mostSpecific(issue: v.BaseIssue<unknown>): v.BaseIssue<unknown>[] {
  const within = (issue.issues ?? []).filter((inner) => (inner.path?.length ?? 0) > (issue.path?.length ?? 0));
  return within.length === 0 ? [issue] : within.flatMap(mostSpecific);
}

function describe(issue: v.BaseIssue<unknown>, place: Place): InputIssue {
  const path = v.getDotPath(issue);
  return {
    field: path === null ? place : `${place}.${path}`,
    message: messageOf(issue),
    ...(issue.expected === null || isKeyIssue(issue) ? {} : { expected: issue.expected }),
  };
}

function isKeyIssue(issue: v.BaseIssue<unknown>): boolean {
  return issue.message.startsWith('Invalid key:');
}

function messageOf(issue: v.BaseIssue<unknown>): string {
  if (isKeyIssue(issue)) return issue.expected === 'never' ? 'is not a known field' : 'is missing';
  const message = issue.message.replace(/( but received|: Received) [\s\S]*$/, '');
  return message.replace(/^Invalid ([\w ]+)(: Expected (.*))?$/s, (_all, kind: string, _rest, expected?: string) =>
    expected === undefined ? `is not a valid ${kind}` : `has an invalid ${kind} (expected ${expected})`,
  );
}
