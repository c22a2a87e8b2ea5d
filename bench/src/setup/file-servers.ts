import { once } from 'node:events';
import { createReadStream } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { type AddressInfo, createServer as createNetServer } from 'node:net';
import { basename, dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { startProcess } from '@agnes/testkit';
import { findTool } from './find-tool.ts';

/** A server that is as plain as can be and serves one file. */
export interface FileServer extends AsyncDisposable {
  readonly url: string;
  readonly name: string;
}

/** nginx with sendfile when it is installed, else node:http with reads of 1 MiB. */
export async function serveFile(path: string, folder: string): Promise<FileServer> {
  const nginx = await findTool('nginx');
  return nginx === undefined ? serveByNode(path) : serveByNginx(nginx, path, folder);
}

async function serveByNode(path: string): Promise<FileServer> {
  const server = createServer((_, response) => {
    createReadStream(path, { highWaterMark: 1024 * 1024 }).pipe(response);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/`,
    name: 'a bare node:http server (nginx is not installed)',
    async [Symbol.asyncDispose]() {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

async function serveByNginx(nginx: string, path: string, folder: string): Promise<FileServer> {
  await mkdir(folder, { recursive: true });
  const port = await freePort();
  const config = join(folder, 'nginx.conf');
  await writeFile(config, configuration(path, folder, port));
  const server = await startProcess(nginx, ['-p', folder, '-c', config, '-e', join(folder, 'error.log')]);
  const url = `http://127.0.0.1:${port}/${basename(path)}`;
  for (;;) {
    const response = await fetch(url, { method: 'HEAD' }).catch(() => undefined);
    if (response?.ok) break;
    if (response !== undefined || !server.isRunning()) {
      await server[Symbol.asyncDispose]();
      throw new Error(`nginx does not serve ${path} (${response?.status ?? 'it ended'}): ${server.stderr()}`);
    }
    await sleep(20);
  }
  return {
    url,
    name: 'nginx with sendfile',
    async [Symbol.asyncDispose]() {
      await server.stop();
    },
  };
}

/** One worker, in the foreground, under the account that the benchmark runs as; everything it writes is in `folder`. */
function configuration(path: string, folder: string, port: number): string {
  const scratch = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
    (one) => `${one}_temp_path ${folder}/${one};`,
  );
  const user = process.getuid?.() === 0 ? 'user root;' : '';
  return `daemon off; ${user} worker_processes 1; pid ${folder}/nginx.pid;
events {}
http {
  access_log off; sendfile on; tcp_nopush on; ${scratch.join(' ')}
  server { listen 127.0.0.1:${port}; root ${dirname(path)}; }
}
`;
}

async function freePort(): Promise<number> {
  const server = createNetServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
