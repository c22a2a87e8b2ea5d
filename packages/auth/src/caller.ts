import type { Principal } from '@agnes/rbac';

/** How a caller proved who they are. */
export interface Credential {
  readonly kind: 'session' | 'personal' | 'scheduler';
  /** Id of the session or token; `scheduler` for the scheduler. */
  readonly id: string;
  readonly name: string;
  readonly scope: string;
  readonly expires_at: Date | null;
  /** How the person of a session proved who they are. */
  readonly method?: string | null;
}

/** Who is calling, by which credential, in which groups: the caller of the API contract. */
export interface Caller extends Principal {
  readonly email: string;
  readonly name: string | null;
  readonly groups: readonly { readonly id: string; readonly name: string }[];
  readonly credential: Credential;
}
