import { createHash, randomBytes } from 'node:crypto';
import { crc32 } from 'node:zlib';

export type TokenKind = 'session' | 'personal';

const PREFIX = { session: 'agnes_ses_', personal: 'agnes_pat_' } as const satisfies Record<TokenKind, string>;
const ALPHABET = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
/** 43 characters of 62 are 256 bits of chance. */
const RANDOM_LENGTH = 43;
const CHECKSUM_LENGTH = 6;
const SHOWN_LENGTH = 14;
const SHAPE = /^agnes_(?:ses|pat)_[0-9A-Za-z]{49}$/;

export interface NewToken {
  /** Shown to its owner once. */
  readonly token: string;
  /** What is stored: SHA-256, hex. */
  readonly hash: string;
  /** Its first characters, by which its owner recognises it. */
  readonly prefix: string;
}

/**
 * A new token: a prefix that says what it is (secret scanners look for it), 256 random bits, and a CRC-32 of all that, by
 * which a mistyped one is told without asking the database.
 */
export function createTokenText(kind: TokenKind): NewToken {
  const body = PREFIX[kind] + randomText(RANDOM_LENGTH);
  const token = body + checksum(body);
  return { token, hash: hashToken(token), prefix: token.slice(0, SHOWN_LENGTH) };
}

/** Whether the text can be a token at all: its shape and its checksum. */
export function isTokenText(text: string): boolean {
  return SHAPE.test(text) && checksum(text.slice(0, -CHECKSUM_LENGTH)) === text.slice(-CHECKSUM_LENGTH);
}

/** Whether the text can be the token of a session. */
export function isSessionText(text: string): boolean {
  return text.startsWith(PREFIX.session) && isTokenText(text);
}

export function hashToken(token: string): string {
  return createHash('sha256').update(token).digest('hex');
}

/** Random letters and digits, each equally likely. */
export function randomText(length: number): string {
  const limit = 256 - (256 % ALPHABET.length);
  let text = '';
  while (text.length < length) {
    for (const byte of randomBytes(length)) {
      if (byte < limit && text.length < length) text += ALPHABET.charAt(byte % ALPHABET.length);
    }
  }
  return text;
}

function checksum(text: string): string {
  let rest = crc32(text);
  let digits = '';
  while (digits.length < CHECKSUM_LENGTH) {
    digits = ALPHABET.charAt(rest % ALPHABET.length) + digits;
    rest = Math.floor(rest / ALPHABET.length);
  }
  return digits;
}
