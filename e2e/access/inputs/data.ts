// The registry, tables, files and jobs. Where an operation names a table it is the one that the analysts are granted.
import { setTimeout as sleep } from 'node:timers/promises';
import type { Makers } from '../inputs.ts';
import type { World } from '../world.ts';

async function newTable(world: World): Promise<string> {
  const name = world.unused('table').replace('-', '_');
  const { body } = await world.admin('registerTable', { body: { name, source_type: 'local', source_table: 'x.csv' } });
  return body.id;
}

const firstSync = ({ job }: World) => ({ params: { id: job } });

const granted = ({ tables }: World) => ({ params: { id: tables.granted.id } });
const other = ({ tables }: World) => ({ params: { id: tables.other.id } });

export const dataInputs: Makers = {
  registerTable: {
    valid: (world) => ({
      body: { name: world.unused('table').replace('-', '_'), source_type: 'local', source_table: 'x.csv' },
    }),
  },
  precheckTable: {
    valid: (world) => ({
      body: { name: world.unused('table').replace('-', '_'), source_type: 'local', source_table: 'x.csv' },
    }),
  },
  updateTable: { valid: async (world) => ({ params: { id: await newTable(world) }, body: { description: 'x' } }) },
  unregisterTable: { valid: async (world) => ({ params: { id: await newTable(world) } }) },
  tableSchema: { valid: granted, foreign: other },
  tableSample: { valid: granted, foreign: other },
  getBlob: {
    valid: ({ tables }) => ({ params: { sha256: tables.granted.sha256 } }),
    foreign: ({ tables }) => ({ params: { sha256: tables.other.sha256 } }),
  },
  triggerSync: {
    valid: async (world) => {
      while ((await world.admin('syncStatus')).body.locked) await sleep(20);
      return { body: { tables: [world.tables.granted.name] } };
    },
  },
  getJob: { valid: firstSync },
  getJobLog: { valid: firstSync },
  cancelJob: { valid: firstSync },
};
