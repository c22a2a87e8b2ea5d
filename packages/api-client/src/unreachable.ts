import { AgnesError } from '@agnes/errors';

const UNTRUSTED = new Set([
  'SELF_SIGNED_CERT_IN_CHAIN',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'CERT_UNTRUSTED',
]);

/** What is known of a failure below HTTP. */
export interface TransportFailure {
  readonly error: AgnesError;
  /** Whether the same request may work in a moment. */
  readonly passing: boolean;
}

/** Explains why a request got no answer, in words that name the server. `cause` is what fetch threw. */
export function transportFailure(server: URL, cause: unknown): TransportFailure {
  const code = codeOf(cause);
  const [why, hint, passing] = explain(server, code);
  return {
    error: new AgnesError('server_unreachable', `${server.origin} did not answer: ${why}.`, {
      hint,
      details: { server: server.origin, ...(code === undefined ? {} : { reason: code }) },
      cause,
    }),
    passing,
  };
}

/** The server took longer than it may. */
export function timedOut(server: URL, timeoutMs: number): AgnesError {
  return new AgnesError('server_unreachable', `${server.origin} did not answer within ${timeoutMs / 1000} s.`, {
    hint: 'Try again; if it stays, ask whoever runs the server.',
    details: { server: server.origin, reason: 'timeout' },
  });
}

function explain(server: URL, code: string | undefined): [why: string, hint: string, passing: boolean] {
  if (code === 'ECONNREFUSED') {
    return [
      'nothing listens at this address',
      `Check the address, and that the server runs: curl ${server.origin}/healthz`,
      true,
    ];
  }
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') {
    const hint = `Check the spelling of '${server.hostname}', and whether you need to be on a VPN.`;
    return ['its name cannot be resolved', hint, code === 'EAI_AGAIN'];
  }
  if (code !== undefined && UNTRUSTED.has(code)) {
    const hint =
      `Put the certificate of your organisation's authority into a PEM file and set NODE_EXTRA_CA_CERTS=<file>; ` +
      `to use the system's certificates, set NODE_OPTIONS=--use-system-ca`;
    return ['its certificate is from an authority that this computer does not know', hint, false];
  }
  if (code === 'CERT_HAS_EXPIRED' || code === 'CERT_NOT_YET_VALID') {
    return [
      'its certificate is not valid today',
      "Check this computer's clock; then ask whoever runs the server.",
      false,
    ];
  }
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID') {
    return ['its certificate is for another name', 'Use the name that the certificate was made for.', false];
  }
  if (code?.startsWith('ERR_SSL_') === true || code === 'EPROTO') {
    return ['it does not speak TLS there', `Check the port, or whether the address begins with http://`, false];
  }
  return [
    code === undefined ? 'the connection failed' : `the connection failed (${code})`,
    `Check your network, then try again: curl ${server.origin}/healthz`,
    true,
  ];
}

/** The system's code, which fetch buries in causes, or in several of them when a name has several addresses. */
function codeOf(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined;
  const own = (error as NodeJS.ErrnoException).code;
  if (typeof own === 'string') return own;
  if (error instanceof AggregateError) return codeOf(error.errors[0]);
  return codeOf(error.cause);
}
