import type { Auth } from '../../auth.ts';

const METHODS: Readonly<Record<string, string>> = {
  password: 'with a password',
  magic_link: 'with a link by mail',
  password_reset: 'with a link to set a password',
  invite: 'with an invitation',
  device: 'on a device that was let in with a code',
  bootstrap: 'as the first administrator of the server',
  local_dev: 'by local development mode',
};

/** How a session began, for people; a provider is called by its label. */
export function describeMethod(method: string | null, providers: ReturnType<Auth['oidcProviders']>): string {
  if (method === null) return 'in an unknown way';
  if (Object.hasOwn(METHODS, method)) return METHODS[method] ?? method;
  if (!method.startsWith('oidc:')) return method;
  const id = method.slice('oidc:'.length);
  return `with ${providers.find((provider) => provider.id === id)?.label ?? id}`;
}
