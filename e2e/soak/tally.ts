/** What happened so far. Everything in it is a sum, except the first words of each kind of trouble. */
export interface Tally {
  requests: number;
  notModified: number;
  bytes: number;
  /** Answers of 500 and above. */
  serverErrors: number;
  pulls: number;
  laptopPulls: number;
  verifiedParts: number;
  /** Different versions that clients were given. */
  readonly versions: Set<string>;
  publishes: number;
  grantsChanged: number;
  /** Parts that were taken back between a manifest and their download: as it has to be. */
  revokedMeanwhile: number;
  stale: number;
  torn: number;
  /** By code. */
  readonly errors: Map<string, number>;
  /** The first few, for a person to read. */
  readonly notes: string[];
}

export function newTally(): Tally {
  return {
    requests: 0,
    notModified: 0,
    bytes: 0,
    serverErrors: 0,
    pulls: 0,
    laptopPulls: 0,
    verifiedParts: 0,
    versions: new Set(),
    publishes: 0,
    grantsChanged: 0,
    revokedMeanwhile: 0,
    stale: 0,
    torn: 0,
    errors: new Map(),
    notes: [],
  };
}

const NOTES = 20;

export function note(tally: Tally, text: string): void {
  if (tally.notes.length < NOTES) tally.notes.push(text);
}

/** An error under its code; what has none is a defect of ours, under its class. */
export function noteError(tally: Tally, who: string, error: unknown): void {
  const { code, name, message, details } = error as {
    code?: string;
    name?: string;
    message?: string;
    details?: object;
  };
  const kind = code ?? name ?? 'unknown';
  tally.errors.set(kind, (tally.errors.get(kind) ?? 0) + 1);
  note(tally, `${who}: ${kind}: ${message ?? String(error)} ${JSON.stringify(details ?? {})}`);
}

/** `fetch` that counts. */
export function countingFetch(tally: Tally): typeof globalThis.fetch {
  return async (input, init) => {
    tally.requests += 1;
    const response = await fetch(input, init);
    if (response.status === 304) tally.notModified += 1;
    if (response.status >= 500) {
      tally.serverErrors += 1;
      note(tally, `${init?.method ?? 'GET'} ${String(input)} answered ${response.status}`);
    }
    return response;
  };
}
