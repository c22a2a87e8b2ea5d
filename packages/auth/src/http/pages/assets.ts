import type { Handlers, pageOperations } from '@agnes/api-contract';
import { AgnesError } from '@agnes/errors';
import { stylesheet } from './stylesheet.ts';

/** The files to which the pages refer. */
export const assetHandlers: Pick<Handlers<typeof pageOperations>, 'showAsset'> = {
  showAsset: async ({ params }) => {
    if (params.name !== stylesheet.name) {
      throw new AgnesError('not_found', 'There is no such file.', { hint: 'Load the page again.' });
    }
    return new Response(stylesheet.text, {
      headers: {
        'content-type': 'text/css; charset=utf-8',
        'content-length': String(Buffer.byteLength(stylesheet.text)),
        'cache-control': 'public, max-age=31536000, immutable',
      },
    });
  },
};
