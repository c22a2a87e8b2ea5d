// Asks every operation as every caller, and collects what differs from what the declaration says.
import { aboutNothing, refusalText } from './alike.ts';
import { type Caller, makeCallers } from './callers.ts';
import { type Call, type Declared, declared } from './declared.ts';
import { type Expected, expectedOf } from './expected.ts';
import type { Answer } from './http.ts';
import { inputs, type Maker } from './inputs.ts';
import type { Person, World } from './world.ts';

export interface Matrix {
  readonly operations: number;
  readonly callers: number;
  /** One operation asked as one caller. */
  readonly cells: number;
  readonly refused: number;
  readonly admitted: number;
  /** Pairs of refusals that were compared: about what exists, and about what does not. */
  readonly pairs: number;
  readonly violations: readonly string[];
}

interface Cell {
  readonly id: string;
  readonly operation: Declared;
  readonly maker: Maker;
  readonly caller: Caller;
  readonly expected: Expected;
}

export async function runMatrix(world: World): Promise<Matrix> {
  const callers = await makeCallers(world);
  const stranger = await world.person('stranger@example.com', ['others']);
  const cells = [...declared].flatMap(([id, operation]) => {
    const maker = inputs[id];
    if (maker === undefined) throw new Error(`${id} has no input: add a maker to e2e/access/inputs.`);
    return callers.map(
      (caller): Cell => ({ id, operation, maker, caller, expected: expectedOf(operation, caller.standing) }),
    );
  });
  const run = createRun(world, stranger);
  const [refused, admitted] = [cells.filter(isRefused), cells.filter((cell) => !isRefused(cell))];
  await run.refusals(refused);
  for (const cell of admitted) await run.admission(cell);
  return {
    operations: declared.size,
    callers: callers.length,
    cells: cells.length,
    refused: refused.length,
    admitted: admitted.length,
    ...run.result(),
  };
}

/** What an admitted caller gets. */
function outcomeOf({ maker, operation, caller }: Cell): { readonly status: number; readonly code?: string } {
  const { credential, isAdmin, isGranted, viewAs } = caller.standing;
  const who = viewAs ?? { isAdmin, isGranted };
  if (maker.ungranted !== undefined && !who.isAdmin && !who.isGranted) return maker.ungranted;
  if (maker.signedIn !== undefined && credential === 'session') return maker.signedIn;
  return maker.outcome ?? { status: operation.status };
}

const isRefused = ({ expected }: Cell): boolean => expected !== 'admitted';

function createRun(world: World, stranger: Person) {
  const violations: string[] = [];
  /** What only reads can be asked about the same things by everybody. */
  const held = new Map<string, Call>();
  let pairs = 0;
  const inputOf = async ({ id, maker, operation }: Cell, asker: Person): Promise<Call> => {
    const key = `${id} ${asker.id}`;
    const call = held.get(key) ?? (await maker.valid(world, asker));
    if (operation.method === 'GET') held.set(key, call);
    return call;
  };
  const violate = ({ id, caller }: Cell, what: string): void => void violations.push(`${id} × ${caller.name}: ${what}`);
  const ask = ({ id, caller }: Cell, call: Call): Promise<Answer> => world.call(id, caller.headers(), call);

  const compare = async (cell: Cell, about: string, call: Call, answer: Answer): Promise<void> => {
    const nothing = cell.maker.absent ?? aboutNothing(cell.operation, call);
    if (nothing === undefined) return;
    pairs += 1;
    const [there, absent] = [refusalText(answer, call), refusalText(await ask(cell, nothing), nothing)];
    if (there !== absent) violate(cell, `${about} is told from what does not exist:\n${there}\n---\n${absent}`);
  };

  return {
    /** All of them about the same things, which are as they were afterwards. */
    async refusals(cells: readonly Cell[]): Promise<void> {
      const calls = new Map<string, Call>();
      for (const { id, maker } of cells) if (!calls.has(id)) calls.set(id, await maker.valid(world, stranger));
      const before = await stateOf(world);
      for (const cell of cells) {
        const call = calls.get(cell.id) ?? {};
        const answer = await ask(cell, call);
        const { status, code } = cell.expected as Exclude<Expected, 'admitted'>;
        if (answer.status !== status || answer.body?.code !== code) {
          violate(cell, `${status} ${code} is due, ${answer.status} ${answer.body?.code ?? ''} came`);
        }
        for (const trace of tracesIn(world, cell, answer, call)) violate(cell, `the refusal tells ${trace}`);
        await compare(cell, 'what exists', call, answer);
      }
      const after = await stateOf(world);
      for (const [id, text] of before) {
        if (after.get(id) !== text) violations.push(`${id} tells something else after nothing but refusals`);
      }
    },

    async admission(cell: Cell): Promise<void> {
      const { maker, caller } = cell;
      const asker = caller.person ?? stranger;
      const call = await inputOf(cell, asker);
      const answer = await ask(cell, call);
      const { status, code = undefined } = outcomeOf(cell);
      if (answer.status !== status || (code !== undefined && answer.body?.code !== code)) {
        violate(cell, `it is admitted and ${status} is due, ${answer.status} ${answer.bytes.subarray(0, 300)} came`);
      }
      for (const trace of tracesIn(world, cell, answer, call)) violate(cell, `the answer tells ${trace}`);
      // What is another group's table to everybody else is this caller's own.
      const ownsForeign = maker.ungranted !== undefined && caller.name === 'other group';
      if (maker.foreign !== undefined && !caller.standing.isAdmin && !ownsForeign) {
        const foreign = await maker.foreign(world, stranger);
        const refusal = await ask(cell, foreign);
        if (refusal.status !== 404) violate(cell, `what is another's is answered with ${refusal.status}`);
        await compare(cell, "what is another's", foreign, refusal);
      }
      if (maker.endsCredential === true) await caller.renew?.();
    },

    result: () => ({ pairs, violations }),
  };
}

/** What an answer says about tables that the caller may not read, beside what the request itself named. */
function tracesIn({ tables }: World, { caller }: Cell, { bytes }: Answer, asked: Call): string[] {
  const { standing } = caller;
  const who = standing.isAdmin ? (standing.viewAs ?? standing) : standing;
  if (who.isAdmin || standing.credential === 'scheduler') return [];
  const text = `${bytes}`;
  const named = JSON.stringify(asked);
  const hidden = Object.entries(tables).filter(([kind]) => !(kind === 'granted' && who.isGranted));
  const others = caller.name.startsWith('other group') ? hidden.filter(([kind]) => kind !== 'other') : hidden;
  return others
    .flatMap(([, { id, name, sha256 }]) => [id, name, sha256])
    .filter((trace) => text.includes(trace) && !named.includes(trace));
}

/** Everything that an administrator can list without naming it. */
async function stateOf(world: World): Promise<Map<string, string>> {
  const state = new Map<string, string>();
  for (const [id, { method, access, params, response }] of declared) {
    if (method !== 'GET' || access !== 'admin' || params !== undefined || !isJson(response)) continue;
    if (MOVES_BY_ITSELF.has(id)) continue;
    const { body } = await world.admin(id);
    state.set(
      id,
      JSON.stringify(body, (key, value) => (/^last_used|_time$/.test(key) ? undefined : value)),
    );
  }
  return state;
}

const isJson = (response: Declared['response']): boolean => typeof response === 'object' && !('binary' in response);

/** Refusals and reads are written there. */
const MOVES_BY_ITSELF = new Set(['listAudit', 'exportAudit']);
