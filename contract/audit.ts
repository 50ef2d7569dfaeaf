/** Who did something, from where, in which request. */
export interface Origin {
  /** A person's id, or a cashier's `client:<clientId>`. */
  readonly actor: string;
  readonly role: 'game' | 'cashier' | 'support' | 'finance' | 'finance-approver' | 'admin';
  readonly address: string;
  readonly traceId: string;
}
