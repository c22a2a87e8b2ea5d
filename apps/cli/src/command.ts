import type { AgnesError } from '@agnes/errors';
import { Command } from '@oclif/core/command';
import type { Config } from '@oclif/core/config';
import { boolean } from '@oclif/core/flags';
import { connect, type SignedIn } from './connect.ts';
import { printResult } from './output/print-result.ts';
import { Progress, progressStyle } from './output/progress.ts';

/** What a command hands back; nothing but {@link AgnesCommand} prints it. */
export interface Result {
  /** The document that `--json` prints. */
  readonly data: unknown;
  /** The same for people, on stdout. Empty: nothing to show. */
  readonly text: string;
  /** What else a person should know, on stderr: notes, warnings, the next step. */
  readonly notes?: readonly string[];
  /** The command did part of its work: the result is printed, then this error, whose exit code it ends with. */
  readonly error?: AgnesError;
}

/** Every command: parses, does its work in `execute`, and leaves all printing to one place. */
export abstract class AgnesCommand extends Command {
  static override baseFlags = {
    json: boolean({ description: 'Print one JSON document on stdout.' }),
  };

  /** oclif would load its configuration a second time here. */
  static override async run<T extends Command>(
    this: new (
      argv: string[],
      config: Config,
    ) => T,
    argv: string[] = [],
    options?: unknown,
  ): Promise<ReturnType<T['run']>> {
    const command: unknown = new this(argv, options as Config);
    return await (command as AgnesCommand)._run();
  }

  /** What a person sees while the command works; shown after a second, on a terminal or with `--progress`. */
  protected readonly progress = new Progress({
    out: process.stderr,
    style: has(this.argv, '--quiet')
      ? 'none'
      : progressStyle(process.stderr, process.env, has(this.argv, '--progress')),
  });

  /** The work. Throws `AgnesError` for everything a user can act on; `undefined` when it has printed its own stream. */
  protected abstract execute(): Promise<Result | undefined>;

  override async run(): Promise<void> {
    const result = await this.#work();
    if (result === undefined) return;
    await printResult(result, { json: wantsJson(this.argv) });
    if (result.error !== undefined) throw result.error;
  }

  async #work(): Promise<Result | undefined> {
    using _progress = this.progress;
    return await this.execute();
  }

  /** A client with the caller's token, for the server that `--server`, the environment, the workspace or settings name. */
  protected async connect(server?: string): Promise<SignedIn> {
    const signedIn = await connect(process.env, this.config.version, server);
    this.progress.phase(`Waiting for ${signedIn.server}`);
    return signedIn;
  }

  /** Errors go to `main`, which reports them. */
  protected override async catch(error: Error): Promise<never> {
    throw error;
  }
}

/** Whether a command line asks for JSON; known before it is parsed, so that a usage error answers in JSON too. */
export function wantsJson(argv: readonly string[]): boolean {
  return has(argv, '--json');
}

function has(argv: readonly string[], flag: string): boolean {
  const end = argv.indexOf('--');
  return (end === -1 ? argv : argv.slice(0, end)).includes(flag);
}
