/** Who asks, as far as access goes: `Caller` of the API contract is one. */
export interface Principal {
  readonly userId: string;
  /** Every group the person is in, Everyone included. */
  readonly groupIds: readonly string[];
  /** Member of the Admin group: may read everything. */
  readonly isAdmin: boolean;
}
