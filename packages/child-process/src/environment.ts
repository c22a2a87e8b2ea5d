/** What Node itself needs of the environment, and nothing else. `temporary` is the child's own folder for temporary files. */
export function minimalEnvironment(temporary: string): Record<string, string> {
  const kept = ['NODE_EXTRA_CA_CERTS', 'SSL_CERT_FILE', 'SSL_CERT_DIR', 'SystemRoot', 'SYSTEMROOT'];
  const environment: Record<string, string> = { TMPDIR: temporary, TEMP: temporary, TMP: temporary, TZ: 'UTC' };
  for (const name of kept) {
    const value = process.env[name];
    if (value !== undefined) environment[name] = value;
  }
  return environment;
}
