/** Whether a statement failed because a primary key or unique constraint has the value already. */
export function isUniqueViolation(error: unknown): boolean {
  return error instanceof Error && /^Constraint Error: .*duplicate key/is.test(error.message);
}
