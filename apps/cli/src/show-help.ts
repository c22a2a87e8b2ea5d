import type { Config } from '@oclif/core/config';
import { Help } from '@oclif/core/help';

/** Prints the help of a command, a topic, or everything. A module of its own, because few command lines need it. */
export async function showHelp(config: Config, id: string | undefined): Promise<void> {
  await new Help(config, { hideAliasesFromRoot: true }).showHelp(id === undefined ? [] : [id]);
}
