/** Whether a call to the system failed for one of these reasons: `hasErrorCode(error, 'ENOENT', 'ENOTDIR')`. */
export function hasErrorCode(error: unknown, ...codes: string[]): boolean {
  return error instanceof Error && 'code' in error && codes.includes(String(error.code));
}
