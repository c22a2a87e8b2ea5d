import { createPrivateKey, X509Certificate } from 'node:crypto';
import type { RequestListener } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';

// A certificate authority that nobody trusts, good for 127.0.0.1 and nothing else.
const certificate =
  'MIIBjzCCATagAwIBAgIUHdmzh6aQo8UGK84/IAOayhZoSNkwCgYIKoZIzj0EAwIwFDESMBAGA1UEAwwJbG9jYWxob3N0MCAXDTI2MTEyMTEwMj' +
  'M0MVoYDzIxMjYxMDI4MTAyMzQxWjAUMRIwEAYDVQQDDAlsb2NhbGhvc3QwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNCAATLXLzlXZdhMmjRmh8v' +
  'sVCzfKZIB0xj3KZjqNlOX295fei+3BgTOWwHwyXLTpiy4rIKire2vhTeEERvwrqVfsKYo2QwYjAdBgNVHQ4EFgQUSRnIzZu2bNN06WqvlfC9fZ' +
  'krJXAwHwYDVR0jBBgwFoAUSRnIzZu2bNN06WqvlfC9fZkrJXAwDwYDVR0TAQH/BAUwAwEB/zAPBgNVHREECDAGhwR/AAABMAoGCCqGSM49BAMC' +
  'A0cAMEQCIB6qzD6TBiuauxSGcl/e4X+ZLuL8ZRDUAOos52LzIJNKAiBfl7hhCWSd8zID2P55pTEZwDpPpP+gYP7mnRaZOSu17Q==';
const key =
  'MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgvXCr6qOUCTeAHLF08VRgMA3//GRX+aRd38d4X71Fr9mhRANCAATLXLzlXZdhMm' +
  'jRmh8vsVCzfKZIB0xj3KZjqNlOX295fei+3BgTOWwHwyXLTpiy4rIKire2vhTeEERvwrqVfsKY';

/** The authority's certificate, as `NODE_EXTRA_CA_CERTS` wants it. */
export const authorityPem = new X509Certificate(Buffer.from(certificate, 'base64')).toString();

export interface TlsServer extends AsyncDisposable {
  readonly url: string;
}

/** An https server whose certificate is from that authority. */
export async function startTlsServer(answer: RequestListener): Promise<TlsServer> {
  const pem = createPrivateKey({ key: Buffer.from(key, 'base64'), format: 'der', type: 'pkcs8' });
  const server: Server = createServer(
    { key: pem.export({ format: 'pem', type: 'pkcs8' }), cert: authorityPem },
    answer,
  );
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `https://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
