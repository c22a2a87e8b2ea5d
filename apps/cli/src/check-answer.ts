import type { OperationId } from '@agnes/api-client';
import { operations } from '@agnes/api-contract';
import { AgnesError } from '@agnes/errors';
import { type GenericIssue, type GenericSchema, getDotPath, safeParse } from 'valibot';

/**
 * Throws `server_error` when an answer has not the shape that the contract promises, naming the place. Only the shape counts:
 * a word or a format that a newer server has and this agnes does not know goes through.
 */
export function checkAnswer(server: string, operation: OperationId, answer: unknown): void {
  const { response, method, path } = operations[operation];
  if (typeof response === 'string' || 'binary' in response) return;
  const parsed = safeParse(response as GenericSchema, answer);
  const issue = parsed.success ? undefined : parsed.issues.find(isAboutShape);
  if (issue === undefined) return;
  const at = getDotPath(issue) ?? null;
  const where = at === null ? 'The answer' : `'${at}' of the answer`;
  const what =
    issue.input === undefined
      ? 'is missing'
      : `is ${issue.received} where ${issue.expected ?? 'another form'} was expected`;
  throw new AgnesError('server_error', `${where} of ${server} to ${method} ${path} ${what}.`, {
    hint: `Check that this is an Agnes server of this agnes's time: curl ${server}/api/version   Newest agnes: npm install -g @agnes/cli@latest`,
    details: { server, operation, at },
  });
}

function isAboutShape(issue: GenericIssue): boolean {
  if (issue.kind !== 'schema') return false;
  return !((issue.type === 'picklist' || issue.type === 'literal') && typeof issue.input === 'string');
}
