import { fileURLToPath } from 'node:url';
import type { Config } from '@agnes/config';
import type { ConnectorProcess } from '@agnes/orchestrator';

/** The connectors that are installed. Each runs in a process of its own and gets only the variables it declares. */
export function installedConnectors(config: Pick<Config, 'filesRoots'>): ConnectorProcess[] {
  return [
    {
      sourceType: 'local',
      source: 'local',
      entry: fileURLToPath(import.meta.resolve('@agnes/connector-files/run')),
      environment: [],
      config: () => ({ roots: [...config.filesRoots] }),
    },
  ];
}
