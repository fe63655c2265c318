import type { Bench } from '../bench.js';
import { Child } from '../child.js';
import { Contender, overHttp } from '../contender.js';
import { Service } from '../service.js';
import { buildGoReceiver, startGoReceiver } from './go-receiver.js';
import { PEER_TABLES } from './tables.js';

/** The service and its peers by their name. */
export interface Peers {
  readonly contenders: ReadonlyMap<string, Contender>;
  /** Why the Go receiver is not one of them; undefined: it is. */
  readonly withoutGo?: string;
}

/** Starts the service and its peers, each with its own database. */
export async function startPeers(bench: Bench): Promise<Peers> {
  const { postgres, resources, folder, sizes, progress } = bench;
  await postgres.database(resources, 'peers', 'template0');
  await postgres.query('peers', PEER_TABLES);
  const load = Child.start(resources, 'load');
  const contenders = new Map<string, Contender>();
  const service = await Service.start(resources, {
    databaseUrl: await postgres.database(resources, 'peers_service'),
    port: sizes.port,
    folder,
  });
  contenders.set('service', new Contender('peers_service', overHttp(load, service.url, service.token)));

  const add = async (name: string, start: (databaseUrl: string, port: number) => Promise<unknown>) => {
    const port = sizes.port + contenders.size;
    await start(await postgres.database(resources, `peers_${name}`, 'peers'), port);
    contenders.set(name, new Contender(`peers_${name}`, overHttp(load, `http://127.0.0.1:${port}`)));
  };
  const startChild = (file: string) => (databaseUrl: string, port: number) =>
    Child.start(resources, `peers/${file}`, [databaseUrl, String(port)]).ask({});

  progress('building the Go receiver');
  const go = await buildGoReceiver(folder).catch((error: Error) => error);
  if (typeof go === 'string') {
    await add('go', (databaseUrl, port) => startGoReceiver(resources, go, databaseUrl, port));
  } else {
    progress(`without Go: ${go.message}`);
  }
  await add('nest', startChild('nest/main'));
  await add('bare', startChild('bare'));
  await postgres.checkpoint();
  return { contenders, withoutGo: typeof go === 'string' ? undefined : reasonOf(go) };
}

const reasonOf = (error: NodeJS.ErrnoException): string =>
  error.code === 'ENOENT' ? '`go` is not installed' : '`go build` failed';
