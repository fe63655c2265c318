import { spawn } from 'node:child_process';
import { chmod, mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/**
 * Waits until the tests end, however they do; until what they started has ended with them; and clears up what they could not.
 */
const GUARD = 'cat > /dev/null; [ -e "$1" ] || exit 0; sleep 3; umount -l "$1" 2> /dev/null; rm -rf "$1"';

/** An empty folder, which the user that PostgreSQL runs as may pass through. It is gone when the tests are. */
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
