// Row filters and column masks, each in SQL for the server and in TypeScript for the model.

export interface Row {
  readonly id: number;
  readonly region: number;
  readonly email: string | null;
  readonly amount: number | null;
}

export const ROWS: readonly Row[] = Array.from({ length: 12 }, (_, id) => ({
  id,
  region: id % 4,
  email: `person${id}@example.com`,
  amount: id * 10,
}));

interface Caller {
  readonly id: string;
  readonly email: string;
  readonly groups: readonly string[];
}

interface RowFilter {
  readonly sql: string;
  holds(row: Row, caller: Caller): boolean;
}

export const ROW_FILTERS = {
  region: { sql: 'region = 1', holds: ({ region }) => region === 1 },
  half: { sql: 'id % 2 = 0 AND region < 3', holds: ({ id, region }) => id % 2 === 0 && region < 3 },
  none: { sql: 'id < 0', holds: () => false },
  unknown: { sql: 'region = NULL', holds: () => false },
  person: { sql: "caller.email LIKE 'a%'", holds: (_, { email }) => email.startsWith('a') },
  group: {
    sql: "len(list_filter(caller.groups, lambda name: starts_with(name, 'sales'))) > 0 OR region = 0",
    holds: ({ region }, { groups }) => groups.some((name) => name.startsWith('sales')) || region === 0,
  },
} as const satisfies Record<string, RowFilter>;

export type RowFilterName = keyof typeof ROW_FILTERS;

interface Mask {
  readonly column: 'email' | 'amount';
  readonly sql: string;
  of(row: Row, caller: Pick<Caller, 'email'>): string | number | null;
}

export const MASKS = {
  noEmail: { column: 'email', sql: 'NULL', of: () => null },
  domain: { column: 'email', sql: "'…@' || split_part(email, '@', 2)", of: () => '…@example.com' },
  rounded: { column: 'amount', sql: 'amount // 50 * 50', of: ({ amount }) => Math.floor((amount ?? 0) / 50) * 50 },
  whose: { column: 'email', sql: 'caller.email', of: (_, { email }) => email },
} as const satisfies Record<string, Mask>;

export type MaskName = keyof typeof MASKS;
