import { spawn } from 'node:child_process';
import { chmod, mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/**
 * Shell script that waits for the end of the tests (also after a kill) and of their processes, and then removes the folder.
 */
const GUARD = 'cat > /dev/null; [ -e "$1" ] || exit 0; sleep 3; umount -l "$1" 2> /dev/null; rm -rf "$1"';

/** Creates an empty folder that the user of PostgreSQL can enter. The folder is removed after the tests. */
export async function scratchFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'openim-group-sync-faults-'));
  await chmod(folder, 0o755);
  const guard = spawn('sh', ['-c', GUARD, 'guard', folder], {
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  guard.unref();
  (guard.stdin as unknown as { unref(): void }).unref();
  return folder;
}
