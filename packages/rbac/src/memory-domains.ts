import type { ResourceType } from './resource-types.ts';

/** The domains of corporate memory, which are fixed. */
const MEMORY_DOMAINS = ['finance', 'engineering', 'product', 'data', 'operations', 'infrastructure'] as const;

/** Domains of corporate memory, as something that can be granted. */
export const memoryDomainType: ResourceType = {
  key: 'memory_domain',
  display_name: 'Memory domain',
  description: 'A domain of corporate memory: what is known of it.',
  id_format: MEMORY_DOMAINS.join(' | '),
  resolve: async (name) => {
    const id = MEMORY_DOMAINS.find((domain) => domain === name.trim().toLowerCase());
    return id === undefined ? undefined : { id, name: id };
  },
  listBlocks: async () => [
    { name: 'Memory domains', items: MEMORY_DOMAINS.map((domain) => ({ resource_id: domain, name: domain })) },
  ],
  names: async (ids) => new Map(ids.map((id) => [id, id])),
};
