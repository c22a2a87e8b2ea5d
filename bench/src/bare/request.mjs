// The other side of `pull-nothing-new`: one conditional request. Arguments: URL, token, ETag.
import { get } from 'node:http';

const [url = '', token = '', etag = ''] = process.argv.slice(2);
get(url, { agent: false, headers: { authorization: `Bearer ${token}`, 'if-none-match': etag } }, (response) => {
  response.resume();
  process.exitCode = response.statusCode === 304 ? 0 : 1;
});
