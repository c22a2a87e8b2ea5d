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
  /** How the person of a session proved who they are: `password`, `magic_link`, `oidc:<provider>`, `device`, … */
  readonly method?: string | null;
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
  /** The administrator who looks as this person (`X-Agnes-View-As`); then the credential is the administrator's. */
  readonly viewedBy?: { readonly userId: string; readonly email: string };
}

/** What a handler knows of the request beside its validated input. */
export interface RequestContext {
  /** Undefined in operations whose access is `public`, and for visitors without a session. */
  readonly caller: Caller | undefined;
  readonly requestId: string;
  /** The client's address; behind a trusted proxy the one that the proxy names. */
  readonly ip: string | null;
  readonly headers: Headers;
  readonly method: string;
  /** Aborted when the client goes away. */
  readonly signal: AbortSignal;
  /** Throws when the caller would not be let in any more: for work that has waited. */
  stillAdmitted(): Promise<void>;
}

/** Where a request comes from. */
export interface Peer {
  /** The client's address; behind a trusted proxy the one that the proxy names. */
  readonly ip: string | null;
  readonly userAgent: string | null;
}

/** Where the request comes from. */
export function peerOf({ ip, headers }: Pick<RequestContext, 'ip' | 'headers'>): Peer {
  return { ip, userAgent: headers.get('user-agent') };
}

/** The caller of an operation that is not public. */
export function callerOf(context: RequestContext): Caller {
  if (context.caller === undefined) throw new Error('This operation is public: it has no caller.');
  return context.caller;
}
