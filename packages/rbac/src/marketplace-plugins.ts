import type { Block, ResourceRef, ResourceSource, ResourceType } from './resource-types.ts';

/** Plugins of marketplaces, as something that can be granted: those that the sources know, in their order. */
export function marketplacePluginType(): ResourceType & { addSource(source: ResourceSource): void } {
  const sources: ResourceSource[] = [];
  return {
    key: 'marketplace_plugin',
    display_name: 'Marketplace plugin',
    description: 'A plugin of a marketplace: its files, and that it is offered.',
    id_format: '<marketplace>/<plugin>',
    addSource: (source) => {
      sources.push(source);
    },
    async resolve(idOrName): Promise<ResourceRef | undefined> {
      for (const source of sources) {
        const found = await source.resolve(idOrName);
        if (found !== undefined) return found;
      }
      return undefined;
    },
    async listBlocks(): Promise<Block[]> {
      return (await Promise.all(sources.map((source) => source.listBlocks()))).flat();
    },
    async names(ids) {
      const all = await Promise.all(sources.map((source) => source.names(ids)));
      return new Map(all.flatMap((names) => [...names]));
    },
  };
}
