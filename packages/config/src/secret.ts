import { inspect } from 'node:util';

/** The text of a setting that is shown nowhere: whatever logs, prints or serialises it gets `…`. */
export class Secret {
  readonly #text: string;

  constructor(text: string) {
    this.#text = text;
  }

  /** The text itself, for where it is used. */
  reveal(): string {
    return this.#text;
  }

  toString(): string {
    return '…';
  }

  toJSON(): string {
    return '…';
  }

  [inspect.custom](): string {
    return '…';
  }
}
