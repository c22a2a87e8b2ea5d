import { type ErrorCode, isAgnesError } from '@agnes/errors';

/** Waits for the refusal with that code, and gives what it says. */
export async function refused(code: ErrorCode, work: Promise<unknown>): Promise<string> {
  const error = await work.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (!isAgnesError(error, code)) throw new Error(`expected ${code}, got ${String(error)}`);
  return `${error.message} ${error.hint}`;
}

/** Seconds after which to come back, of an attempt too many; 0 when it was let through and the password was wrong. */
export async function waitOf(work: Promise<unknown>): Promise<number> {
  const error = await work.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (isAgnesError(error, 'invalid_credentials')) return 0;
  if (!isAgnesError(error, 'too_many_requests')) throw new Error(`expected a refusal, got ${String(error)}`);
  return Number(error.details.retry_after_seconds);
}

/** The reason of a refused sign-in at a provider. */
export async function reasonOf(work: Promise<unknown>): Promise<string> {
  const error = await work.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (!isAgnesError(error)) return error === undefined ? 'signed in' : String(error);
  return String(error.details.reason ?? error.code);
}
