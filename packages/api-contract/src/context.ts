/** A group the caller is in. */
export interface CallerGroup {
  readonly id: string;
  readonly name: string;
}

/** How the caller proved who they are. */
export interface Credential {
  readonly kind: 'session' | 'personal' | 'scheduler';
  /** Id of the session or token; `scheduler` for the scheduler. */
  readonly id: string;
  readonly name: string;
  readonly scope: string;
  readonly expires_at: Date | null;
}

/** Who is calling, by which credential, in which groups. */
export interface Caller {
  readonly userId: string;
  readonly email: string;
  readonly name: string | null;
  readonly groups: readonly CallerGroup[];
  readonly groupIds: readonly string[];
  readonly isAdmin: boolean;
  readonly credential: Credential;
}

/** What a handler knows of the request beside its validated input. */
export interface RequestContext {
  /** Undefined only in operations whose access is `public`. */
  readonly caller: Caller | undefined;
  readonly requestId: string;
  /** Address of the peer. */
  readonly ip: string | null;
  readonly headers: Headers;
  readonly method: string;
  /** Aborted when the client goes away. */
  readonly signal: AbortSignal;
}

/** The caller of an operation that is not public. */
export function callerOf(context: RequestContext): Caller {
  if (context.caller === undefined) throw new Error('This operation is public: it has no caller.');
  return context.caller;
}
