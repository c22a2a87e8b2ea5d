import { oneLine } from './table.ts';
import { formatBytes, formatSeconds } from './units.ts';

export interface ProgressOutput {
  readonly write: (text: string) => unknown;
  readonly columns?: number;
}

export interface ProgressOptions {
  readonly out: ProgressOutput;
  /** `line` redraws one line, `lines` prints a line now and then, `none` is silent. */
  readonly style: 'line' | 'lines' | 'none';
  readonly now?: () => number;
}

/** How progress is shown here: one line on a terminal, nothing elsewhere unless it is asked for. */
export function progressStyle(
  stream: { readonly isTTY?: boolean },
  env: Readonly<Record<string, string | undefined>>,
  asked: boolean,
): ProgressOptions['style'] {
  if (stream.isTTY === true && env.TERM !== 'dumb') return 'line';
  return asked ? 'lines' : 'none';
}

/** What is quicker than this is not worth a line. */
const QUIET_MS = 1000;
const REDRAW_MS = 100;
const LINE_EVERY_MS = 5000;

/** Progress on stderr. Nothing is shown in the first second, and nothing is left of it on a terminal. */
export class Progress implements Disposable {
  readonly #options: ProgressOptions;
  readonly #now: () => number;
  readonly #started: number;
  readonly #timer: NodeJS.Timeout | undefined;
  #text: () => string = () => '';
  #last = Number.NEGATIVE_INFINITY;
  #drawn = false;

  constructor(options: ProgressOptions) {
    this.#options = options;
    this.#now = options.now ?? Date.now;
    this.#started = this.#now();
    if (options.style === 'none') return;
    this.#timer = setInterval(() => this.tick(), REDRAW_MS);
    this.#timer.unref();
  }

  /** Names what is being done now. */
  phase(name: string): void {
    this.#text = () => `${name} …`;
    this.tick();
  }

  /** Shows bytes of a total, with rate and time left; returns what to call with bytes as they come. */
  bytes(name: string, total: number): (bytes: number) => void {
    const from = this.#now();
    let done = 0;
    this.#text = () => {
      const elapsed = Math.max(1, this.#now() - from) / 1000;
      const rate = done / elapsed;
      const left = rate > 0 && done < total ? `  ${formatSeconds((total - done) / rate)} left` : '';
      const percent = total > 0 ? Math.min(100, Math.floor((100 * done) / total)) : 100;
      return `${name}  ${percent} %  ${formatBytes(done)} of ${formatBytes(total)}  ${formatBytes(rate)}/s${left}`;
    };
    return (bytes) => {
      done += bytes;
      this.tick();
    };
  }

  tick(): void {
    const { style, out } = this.#options;
    const now = this.#now();
    if (style === 'none' || now - this.#started < QUIET_MS) return;
    if (now - this.#last < (style === 'line' ? REDRAW_MS : LINE_EVERY_MS)) return;
    // A connector's words stand here too.
    const text = oneLine(this.#text());
    if (text === '') return;
    this.#last = now;
    if (style === 'lines') {
      out.write(`${text}\n`);
      return;
    }
    const width = Math.max(20, (out.columns || 80) - 1);
    out.write(`\r\u001b[2K${text.length > width ? `${text.slice(0, width - 1)}…` : text}`);
    this.#drawn = true;
  }

  /** Takes the line away; nothing is shown any more. */
  [Symbol.dispose](): void {
    this.#text = () => '';
    clearInterval(this.#timer);
    if (this.#drawn) this.#options.out.write('\r\u001b[2K');
    this.#drawn = false;
  }
}
