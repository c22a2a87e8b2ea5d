import { randomBytes } from 'node:crypto';
import { AgnesError } from '@agnes/errors';
import { hash, verify } from '@node-rs/argon2';

/** argon2id (the library's default algorithm) with OWASP's parameters: 19 MiB, 2 passes, 1 lane. */
const COST = { memoryCost: 19_456, timeCost: 2, parallelism: 1 };
/** Hashing takes threads that reading files needs too, so only few at a time; whoever comes to a long queue is sent away. */
const AT_A_TIME = 2;
const MAX_WAITING = 64;

export interface Passwords {
  /** The hash to store, as a PHC string. */
  hash(password: string): Promise<string>;
  /** Whether the password fits. Without a stored hash the answer is no, and takes as long. */
  verify(stored: string | null | undefined, password: string): Promise<boolean>;
}

/** Hashing and checking of passwords, off the event loop. Both throw `too_many_requests` when too many wait. */
export function createPasswords(): Passwords {
  const inTurn = createGate();
  let made: Promise<string> | undefined;
  const decoyHash = async (): Promise<string> => {
    made ??= hash(randomBytes(32), COST);
    try {
      return await made;
    } catch (error) {
      made = undefined;
      throw error;
    }
  };
  return {
    hash: (password) => inTurn(() => hash(normalise(password), COST)),
    async verify(stored, password) {
      // Whoever comes first waits for it, with an account or without: how long an answer takes tells nothing.
      const decoy = await decoyHash();
      const fits = await inTurn(() => verify(stored ?? decoy, normalise(password)));
      return fits && typeof stored === 'string';
    },
  };
}

/** The same password typed on systems that compose accents differently. */
const normalise = (password: string): string => password.normalize('NFC');

function createGate(): <T>(work: () => Promise<T>) => Promise<T> {
  let running = 0;
  const waiting: (() => void)[] = [];
  return async (work) => {
    if (running >= AT_A_TIME) {
      if (waiting.length >= MAX_WAITING) {
        throw new AgnesError('too_many_requests', 'Too many people are signing in at the same moment.', {
          hint: 'Try again in a few seconds.',
          details: { retry_after_seconds: 5 },
        });
      }
      await new Promise<void>((resolve) => waiting.push(resolve));
    } else {
      running += 1;
    }
    try {
      return await work();
    } finally {
      // Whoever waits takes over the place, so that nobody can slip in between.
      const next = waiting.shift();
      if (next === undefined) running -= 1;
      else next();
    }
  };
}
