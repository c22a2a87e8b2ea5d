import { AsyncLocalStorage } from 'node:async_hooks';

/** Where a request comes from: the address of its peer, and the id of the session or token that it used. */
export interface Origin {
  readonly ip: string | null;
  readonly credentialId: string | null;
}

const origins = new AsyncLocalStorage<Origin>();

/** Does the work of a request: what it records of its changes has this origin, unless an entry says another. */
export function withOrigin<T>(origin: Origin, work: () => T): T {
  return origins.run(origin, work);
}

/** Undefined for what no request asked for. */
export function currentOrigin(): Origin | undefined {
  return origins.getStore();
}
