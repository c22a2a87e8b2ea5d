/** What a code of the system or of TLS means for whoever set the provider up. */
const MEANINGS: readonly (readonly [codes: RegExp, meaning: string])[] = [
  [/^(?:ENOTFOUND|EAI_\w+)$/, 'this machine cannot resolve its host name'],
  [/^ECONNREFUSED$/, 'nothing answers at its address and port'],
  [/^(?:ECONNRESET|EPIPE|UND_ERR_SOCKET)$/, 'the connection was cut'],
  [/^(?:ETIMEDOUT|UND_ERR_\w*TIMEOUT)$/, 'it did not answer in time'],
  [/^(?:EHOSTUNREACH|ENETUNREACH|EACCES|EPERM)$/, 'this machine has no way to its network, or a firewall is between'],
  [/^ERR_TLS_CERT_ALTNAME_INVALID$/, 'its certificate is for another host name'],
  [/^CERT_HAS_EXPIRED$/, 'its certificate has expired'],
  [
    /CERT|UNABLE_TO_VERIFY|UNABLE_TO_GET_ISSUER/,
    'its certificate is not trusted here; for an authority of your own start the server with NODE_EXTRA_CA_CERTS',
  ],
  [/SSL|TLS|EPROTO/, 'it does not speak TLS as it should'],
];

/**
 * Why asking a provider failed, for the log: what the library says, and the reason beneath it. Of what lies beneath only codes
 * and the status of an answer are taken: a body may hold a token.
 */
export function failureText(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown';
  const { code, error: said } = error as { code?: unknown; error?: unknown };
  const beneath = reasonBeneath(error);
  return [error.message, code, said, beneath].filter((part) => typeof part === 'string').join(', ');
}

function reasonBeneath({ message, cause }: Error): string | undefined {
  if (cause instanceof Response) return `status ${cause.status}`;
  if (!(cause instanceof Error)) return undefined;
  const { code } = cause as { code?: unknown };
  if (typeof code === 'string' && /^[A-Z][A-Z0-9_]{2,60}$/.test(code)) {
    const meaning = MEANINGS.find(([codes]) => codes.test(code))?.[1];
    return meaning === undefined ? code : `${code}: ${meaning}`;
  }
  // Of `fetch` itself, such as a port that it never asks.
  return reasonBeneath(cause) ?? (message === 'fetch failed' ? cause.message : undefined);
}
