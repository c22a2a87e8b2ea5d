/** What Postgres calls it. */
const UNIQUE_VIOLATION = '23505';

/** Whether a statement failed because a primary key or unique constraint has the value already. */
export function isUniqueViolation(error: unknown): boolean {
  return (
    error instanceof Error &&
    (/^Constraint Error: .*duplicate key/is.test(error.message) || ('code' in error && error.code === UNIQUE_VIOLATION))
  );
}
