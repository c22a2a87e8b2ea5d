import { fileURLToPath } from 'node:url';
import type { InstalledConnector } from '@agnes/catalog';
import type { Config } from '@agnes/config';
import { checkPlace } from '@agnes/connector-files';
import type { ConnectorProcess } from '@agnes/orchestrator';

/** A connector as the orchestrator runs it and as the registry asks it about a registration. */
export type ServerConnector = ConnectorProcess & InstalledConnector & { readonly source: string };

/** The connectors that are installed. Each runs in a process of its own and gets only the variables it declares. */
export function installedConnectors(config: Pick<Config, 'filesRoots' | 'filesMost'>): ServerConnector[] {
  return [
    {
      sourceType: 'local',
      source: 'local',
      entry: fileURLToPath(import.meta.resolve('@agnes/connector-files/run')),
      environment: [],
      config: () => ({ roots: [...config.filesRoots], max_files: config.filesMost }),
      validate: (table) => checkPlace(table, config.filesRoots),
    },
  ];
}
