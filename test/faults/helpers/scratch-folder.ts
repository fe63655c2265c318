import { chmod, mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** An empty folder, which the user that PostgreSQL runs as may pass through. */
export async function scratchFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'openim-group-sync-faults-'));
  await chmod(folder, 0o755);
  return folder;
}
