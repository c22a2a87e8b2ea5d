import type { AgnesError } from '@agnes/errors';
import { placeText } from './place-text.ts';
import { printable } from './table.ts';
import { toAgnesError } from './to-agnes-error.ts';

/**
 * Prints an error on stderr, for people as `Error:` and `→ next step`, with `--json` as one object
 * `{error: {code, message, hint, …details}}`; stdout stays as it is. `command` is the one that failed, for the hint of a
 * usage error. Returns the exit code.
 */
export function reportError(
  thrown: unknown,
  { json, command }: { json: boolean; command: string | undefined },
): number {
  const error = toAgnesError(thrown, command);
  process.stderr.write(
    json ? `${JSON.stringify({ error: errorDocument(error) })}\n` : `${printable(errorText(error))}\n`,
  );
  return error.exitCode;
}

function errorDocument(error: AgnesError): Record<string, unknown> {
  const { code, message, hint, details } = error;
  return { ...details, code, message, ...(hint === undefined ? {} : { hint }) };
}

function errorText(error: AgnesError): string {
  const lines = [`Error: ${error.message} (${error.code})`];
  lines.push(...placeText(error.details));
  if (typeof error.details.request_id === 'string') lines.push(`  request id: ${error.details.request_id}`);
  if (error.hint !== undefined) lines.push(`→ ${error.hint}`);
  if (error.code === 'internal_cli_error' && process.env.AGNES_DEBUG !== undefined && error.cause instanceof Error) {
    lines.push(error.cause.stack ?? error.cause.message);
  }
  return lines.join('\n');
}
