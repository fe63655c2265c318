import { cp, mkdir, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { EmbeddedPostgresError } from './embedded-postgres-error.js';

/** Paths of the programs of PostgreSQL. */
export interface PostgresBinaries {
  readonly initdb: string;
  readonly postgres: string;
}

/** Folder of the copy of the programs that root makes for the user `nobody`. It may be deleted at any time. */
const CACHE = '/var/cache/openim-group-sync';

/**
 * Finds the programs in the npm package of this platform.
 * @throws EmbeddedPostgresError where the package is not installed
 */
export async function findPostgresBinaries(): Promise<PostgresBinaries> {
  const platform = `${process.platform === 'win32' ? 'windows' : process.platform}-${process.arch}`;
  let binaries: PostgresBinaries;
  try {
    binaries = (await import(`@embedded-postgres/${platform}`)) as PostgresBinaries;
  } catch {
    throw new EmbeddedPostgresError(
      `There is no embedded PostgreSQL for ${platform} in this installation; set DATABASE_URL, or install with optional dependencies`,
    );
  }
  return process.getuid?.() === 0 ? reachableByAll(binaries, CACHE) : binaries;
}

/**
 * Makes the programs executable for another user: root starts PostgreSQL as another user, who cannot execute files below a folder that only
 * root may enter, such as `/root`.
 * @param cache the folder for a copy; created if needed
 * @returns the programs, or a copy of them that every user can execute
 */
export async function reachableByAll(
  { initdb, postgres }: PostgresBinaries,
  cache: string,
): Promise<PostgresBinaries> {
  const native = dirname(dirname(initdb));
  if (await isOpenToAll(native)) {
    return { initdb, postgres };
  }
  const { mtimeMs, size } = await stat(postgres);
  const copy = join(cache, `postgres-${size}-${Math.floor(mtimeMs)}`);
  if (!(await stat(copy).catch(() => undefined))) {
    await mkdir(cache, { recursive: true, mode: 0o755 });
    const half = `${copy}.${process.pid}`;
    await cp(native, half, { recursive: true, verbatimSymlinks: true });
    await rename(half, copy).catch(() => rm(half, { recursive: true })); // another start was first
  }
  return { initdb: join(copy, 'bin', basename(initdb)), postgres: join(copy, 'bin', basename(postgres)) };
}

async function isOpenToAll(folder: string): Promise<boolean> {
  const { mode } = await stat(folder);
  return (mode & 0o001) !== 0 && (folder === dirname(folder) || isOpenToAll(dirname(folder)));
}
