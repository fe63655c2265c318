import { once } from 'node:events';
import { rename, unlink } from 'node:fs/promises';
import { connect, createServer, type Server } from 'node:net';
import { join, relative, resolve } from 'node:path';

/** Maximum length of the path of a socket, in bytes (unix(7), sun_path). */
const PATH_MAX_LENGTH = 103;

/**
 * Locks a folder for one process, by a socket in it. Only a running process answers on the socket, so that a crash leaves no lock.
 * @throws Error where another process uses the folder, or the path is too long
 */
export async function lockFolder(folder: string): Promise<Server> {
  const path = socketPath(folder);
  const server = createServer((socket) => socket.destroy());
  server.unref();
  try {
    return await listen(server, path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') {
      throw error;
    }
  }
  // The socket may be abandoned. It is renamed before the check, so that only one of several starts replaces it.
  const renamed = `${path}.${process.pid}`;
  await rename(path, renamed).catch(() => undefined); // another start renamed it first
  if (await isAnswered(renamed)) {
    await rename(renamed, path);
    throw inUse(folder);
  }
  await unlink(renamed).catch(() => undefined);
  return listen(server, path).catch(() => {
    throw inUse(folder);
  });
}

const inUse = (folder: string): Error =>
  new Error(`${folder} is in use by another process; give each process its own DATA_DIR`);

function socketPath(folder: string): string {
  if (process.platform === 'win32') {
    return join('\\\\?\\pipe', resolve(folder));
  }
  const absolute = join(resolve(folder), 'lock');
  const path = [absolute, relative('.', absolute)].find(
    (candidate) => Buffer.byteLength(candidate) <= PATH_MAX_LENGTH,
  );
  if (path === undefined) {
    throw new Error(`The path of ${folder} is too long for the socket that locks it; set a shorter DATA_DIR`);
  }
  return path;
}

async function listen(server: Server, path: string): Promise<Server> {
  server.listen(path);
  await once(server, 'listening');
  return server;
}

async function isAnswered(path: string): Promise<boolean> {
  const socket = connect(path);
  return once(socket, 'connect')
    .then(
      () => true,
      () => false,
    )
    .finally(() => socket.destroy());
}
