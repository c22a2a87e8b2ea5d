// What should be true after any sequence of changes, in the plainest form: sets of facts, and the union that a person sees.
import { MASKS, type MaskName, ROW_FILTERS, type Row, type RowFilterName } from './rules.ts';

export interface Policy {
  readonly id: string;
  readonly rowFilter: RowFilterName | undefined;
  readonly mask: MaskName | undefined;
}

/** What a person sees of a table. */
export type View = 'nothing' | 'all' | { readonly branches: readonly Branch[] };

interface Branch extends Policy {
  readonly groupId: string;
}

export interface Who {
  readonly id: string;
  readonly email: string;
}

const pair = (one: string, other: string): string => `${one} ${other}`;

/** Tables, groups and people by name or e-mail address. */
export class Model {
  /** Ids by name. Admin and Everyone are always among them. */
  readonly groups = new Map<string, string>();
  /** Grant ids by group and table. */
  readonly grants = new Map<string, string>();
  readonly policies = new Map<string, Policy>();
  readonly members = new Set<string>();
  readonly inactive = new Set<string>();

  grantOf = (group: string, table: string): string | undefined => this.grants.get(pair(group, table));
  policyOf = (group: string, table: string): Policy | undefined => this.policies.get(pair(group, table));
  isMember = (email: string, group: string): boolean => this.members.has(pair(group, email));
  isAdmin = (email: string): boolean => this.isMember(email, 'Admin');

  grant(group: string, table: string, id: string): void {
    this.grants.set(pair(group, table), id);
  }

  revoke(group: string, table: string): void {
    this.grants.delete(pair(group, table));
  }

  /** A policy stays when its group loses the grant, and counts again with the next one. */
  setPolicy(group: string, table: string, policy: Policy | undefined): void {
    if (policy === undefined) this.policies.delete(pair(group, table));
    else this.policies.set(pair(group, table), policy);
  }

  setMember(email: string, group: string, isMember: boolean): void {
    if (isMember) this.members.add(pair(group, email));
    else this.members.delete(pair(group, email));
  }

  removeGroup(group: string): void {
    this.groups.delete(group);
    for (const facts of [this.grants, this.policies, this.members]) {
      for (const key of facts.keys()) if (key.startsWith(`${group} `)) facts.delete(key);
    }
  }

  groupsOf(email: string): string[] {
    return [...this.groups.keys()].filter((group) => group === 'Everyone' || this.isMember(email, group));
  }

  /** Whether a group of theirs is granted the table, whatever Admin implies. */
  isGranted(email: string, table: string): boolean {
    return this.groupsOf(email).some((group) => this.grants.has(pair(group, table)));
  }

  viewOf(email: string, table: string): View {
    if (this.isAdmin(email)) return 'all';
    const granted = this.groupsOf(email).filter((group) => this.grants.has(pair(group, table)));
    if (granted.length === 0) return 'nothing';
    const branches: Branch[] = [];
    for (const group of granted) {
      const policy = this.policyOf(group, table);
      if (policy === undefined) return 'all';
      branches.push({ ...policy, groupId: this.groups.get(group) ?? '' });
    }
    return { branches: branches.sort((a, b) => (a.groupId < b.groupId ? -1 : 1)) };
  }

  /** The rows that a person sees of these. */
  rowsOf(view: View, who: Who, rows: readonly Row[]): Row[] {
    if (view === 'nothing') return [];
    if (view === 'all') return [...rows];
    const groups = this.groupsOf(who.email);
    return rows.flatMap((row) => {
      const open = view.branches.filter(
        ({ rowFilter }) => rowFilter === undefined || ROW_FILTERS[rowFilter].holds(row, { ...who, groups }),
      );
      if (open.length === 0) return [];
      // Own values where any branch that lets the row through leaves them; else the mask of the first of those.
      const masks = open.map(({ mask }) => (mask === undefined ? undefined : MASKS[mask]));
      const columns = new Set(masks.flatMap((mask) => (mask === undefined ? [] : [mask.column])));
      const masked = [...columns].flatMap((column) => {
        const first = masks.find((mask) => mask?.column === column);
        return first === undefined || masks.some((mask) => mask?.column !== column)
          ? []
          : [[column, first.of(row, who)]];
      });
      return [{ ...row, ...Object.fromEntries(masked) }];
    });
  }
}
