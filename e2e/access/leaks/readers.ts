// Every door through which a table can be read or learned of, and what each has to say to somebody.
import type { Random } from '@agnes/testkit';
import type { Call } from '../declared.ts';
import { operationOf } from '../declared.ts';
import { expectedOf } from '../expected.ts';
import type { Answer } from '../http.ts';
import { bearer, type Table } from '../world.ts';
import { type Holder, has, type Key, type Lane } from './lane.ts';
import type { View } from './model.ts';
import { ROWS, type Row } from './rules.ts';

/** One question to one door. */
export interface Question {
  readonly lane: Lane;
  readonly person: Holder;
  readonly key: Key;
  readonly table: Table;
}

export interface Reader {
  readonly operation: string;
  /** Starts a worker process, so it is asked less often. */
  readonly costly?: true;
  call(question: Question): Call;
  /** What an admitted caller should see, as text that `seen` gives for what they do see. */
  due(question: Question, view: View): string;
  seen(answer: Answer, question: Question): string;
  /** Whether a view admits the caller; by default whatever is not nothing. */
  admits?(view: View): boolean;
  /** The refusal of a table that is not granted, where the operation does not declare it. */
  readonly hidden?: Refusal;
  /** The refusal of a table that the person sees a part of only. */
  readonly partly?: Refusal;
}

interface Refusal {
  readonly status: number;
  readonly code: string;
}

const none = (): Call => ({});
const byId = ({ table }: Question): Call => ({ params: { id: table.id } });
const list = (texts: readonly string[]): string => [...texts].sort().join(' ');

/** Of the lane's own tables, what `describe` says of each. */
function ofTables({ lane, person }: Question, describe: (name: string, view: View) => string | undefined): string {
  const { tables, model } = lane;
  return list(tables.flatMap(({ name }) => describe(name, model.viewOf(person.email, name)) ?? []));
}

const named = (view: View, name: string): string | undefined => (view === 'nothing' ? undefined : name);
const own = ({ lane }: Question, names: readonly string[]): string[] =>
  names.filter((name) => lane.tables.some((table) => table.name === name));

const manifest: Reader = {
  operation: 'syncManifest',
  call: none,
  due: (question) =>
    ofTables(question, (name, view) => {
      if (view === 'nothing') return undefined;
      const { sha256 } = question.lane.tables.find((table) => table.name === name) ?? { sha256: '' };
      return view === 'all' ? `${name}:files:${ROWS.length}:${sha256}` : `${name}:server_only,policy:null:`;
    }),
  seen: ({ body }, question) =>
    list(
      own(question, Object.keys(body.tables)).map((name) => {
        const { distribution, reason, rows, parts } = body.tables[name];
        const how = reason === undefined ? distribution : `${distribution},${reason}`;
        return `${name}:${how}:${rows}:${parts.map((part: { sha256: string }) => part.sha256)}`;
      }),
    ),
};

const catalog: Reader = {
  operation: 'catalog',
  call: none,
  due: (question) => ofTables(question, (name, view) => named(view, `${name}:${view === 'all' ? ROWS.length : null}`)),
  seen: ({ body }, question) => {
    const entries: { name: string; rows: number | null }[] = body.tables;
    const names = own(
      question,
      entries.map(({ name }) => name),
    );
    return list(entries.filter(({ name }) => names.includes(name)).map(({ name, rows }) => `${name}:${rows}`));
  },
};

const catalogTables: Reader = {
  operation: 'catalogTables',
  call: none,
  due: (question) => ofTables(question, (name, view) => named(view, name)),
  seen: ({ body }, question) =>
    list(
      own(
        question,
        body.tables.map(({ name }: { name: string }) => name),
      ),
    ),
};

const effective: Reader = {
  operation: 'myAccess',
  call: none,
  due: (question) =>
    ofTables(question, (name) => (question.lane.model.isGranted(question.person.email, name) ? name : undefined)),
  seen: ({ body }, question) =>
    list(
      own(
        question,
        body.items.map(({ resource_name }: { resource_name: string }) => resource_name),
      ),
    ),
};

const me: Reader = {
  operation: 'me',
  call: none,
  due: ({ lane, person }) => list(lane.model.groupsOf(person.email)),
  seen: ({ body }) => list(body.groups.map(({ name }: { name: string }) => name)),
};

const schema: Reader = {
  operation: 'tableSchema',
  call: byId,
  due: ({ table }) => `${table.name}: id region email amount ${table.name}`,
  seen: ({ body }) => `${body.name}: ${body.columns.map(({ name }: { name: string }) => name).join(' ')}`,
};

const blob: Reader = {
  operation: 'getBlob',
  call: ({ table }) => ({ params: { sha256: table.sha256 } }),
  due: () => 'PAR1',
  seen: ({ bytes }) => bytes.subarray(0, 4).toString(),
  admits: (view) => view === 'all',
};

const rowText = (rows: readonly Row[]): string =>
  rows
    .map(({ id, region, email, amount }) => JSON.stringify([id, region, email, amount].map((value) => value ?? null)))
    .sort()
    .join('\n');
const rowsDue = ({ lane, person }: Question, view: View): string => rowText(lane.model.rowsOf(view, person, ROWS));

const sample: Reader = {
  operation: 'tableSample',
  costly: true,
  call: ({ table }) => ({ params: { id: table.id }, query: { n: '100' } }),
  due: rowsDue,
  seen: ({ body }) => rowText(numbered(body.rows)),
};

/** Whole numbers come as text where they may be wider than a double. */
function numbered(rows: readonly Record<string, unknown>[]): Row[] {
  const number = (value: unknown): number | null => (value === null ? null : Number(value));
  return rows.map(({ id, region, email, amount }) => ({
    id: Number(id),
    region: Number(region),
    email: email as string | null,
    amount: number(amount),
  }));
}

const query: Reader = {
  operation: 'query',
  costly: true,
  call: ({ table }) => ({ body: { sql: `SELECT id, region, email, amount FROM ${table.name}` } }),
  due: rowsDue,
  seen: ({ body }) =>
    rowText(numbered(body.rows.map(([id, region, email, amount]: unknown[]) => ({ id, region, email, amount })))),
  hidden: { status: 404, code: 'sql_unknown_table' },
};

const download: Reader = {
  operation: 'downloadTable',
  call: byId,
  due: () => 'PAR1',
  seen: ({ bytes }) => bytes.subarray(0, 4).toString(),
  partly: { status: 403, code: 'table_server_only' },
};

const checkAccess: Reader = {
  operation: 'checkTableAccess',
  call: byId,
  due: () => '',
  seen: ({ bytes }) => bytes.toString(),
  partly: { status: 403, code: 'table_server_only' },
};

const EVERY: readonly Reader[] = [
  ...[manifest, catalog, catalogTables, effective, me, schema, blob, download, checkAccess],
  ...[sample, query],
];
/** Those of them that this build has. */
export const READERS = EVERY.filter(({ operation }) => has(operation)) as unknown as readonly [Reader, ...Reader[]];

export interface Verdict {
  readonly right: boolean;
  /** Wrong, and more than is due. */
  readonly leaks: boolean;
  readonly text: string;
}

export interface Asking {
  /** Tags of manifests that were held before, by credential: half of the questions carry one. */
  readonly etags: Map<string, { readonly etag: string; readonly seen: string }>;
  readonly random: Random;
}

/** Asks, and holds the answer to what the model says. */
export async function ask(reader: Reader, question: Question, { etags, random }: Asking): Promise<Verdict> {
  const { lane, person, key, table } = question;
  const view = lane.model.viewOf(person.email, table.name);
  const inactive = lane.model.inactive.has(person.email);
  const declared = expectedOf(operationOf(reader.operation), {
    credential: key.dead ? 'invalid' : inactive ? 'deactivated' : key.kind,
    scope: key.kind === 'session' ? 'general' : key.scope,
    isAdmin: false,
    isGranted: reader.admits?.(view) ?? view !== 'nothing',
  });
  const expected = declared === 'admitted' ? (handlerRefusal(reader, view) ?? declared) : declared;
  const held = reader === manifest && random.next() < 0.5 ? etags.get(key.token) : undefined;
  const headers = { ...bearer(key.token), ...(held === undefined ? {} : { 'if-none-match': held.etag }) };
  const answer = await lane.world.call(reader.operation, headers, reader.call(question));

  if (expected !== 'admitted') {
    const right = answer.status === expected.status && answer.body?.code === expected.code;
    const text = `${expected.status} ${expected.code} is due, ${answer.status} ${answer.body?.code ?? ''} came`;
    return { right, leaks: answer.status < 400, text };
  }
  const due = reader.due(question, view);
  if (answer.status >= 300 && answer.status !== 304) {
    return { right: false, leaks: false, text: `${due} is due, ${answer.status} ${answer.bytes} came` };
  }
  const seen = answer.status === 304 ? (held?.seen ?? '') : reader.seen(answer, question);
  if (reader === manifest) etags.set(key.token, { etag: `${answer.headers.etag}`, seen });
  const extra = seen.split(/[ \n]/).filter((one) => !due.split(/[ \n]/).includes(one));
  return { right: seen === due, leaks: extra.length > 0, text: `due:\n${due}\ncame (${answer.status}):\n${seen}` };
}

/** What the handler refuses a caller whom the operation's declaration admits. */
function handlerRefusal({ hidden, partly }: Reader, view: View): Refusal | undefined {
  if (view === 'nothing') return hidden;
  return view === 'all' ? undefined : partly;
}
