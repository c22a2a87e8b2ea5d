import type { Operation } from '@agnes/api-contract';
import type { HttpBindings } from '@hono/node-server';

/** What the middlewares of one request share. */
export interface HttpEnvironment {
  /** Absent when the app is driven without a socket. */
  Bindings: Partial<HttpBindings>;
  Variables: {
    requestId: string;
    /** The client's address. */
    ip: string | null;
    /** The operation that answers; absent for a path that no operation declares. */
    operation?: Operation;
    /** Who called, once that is known. */
    userId?: string;
  };
}
