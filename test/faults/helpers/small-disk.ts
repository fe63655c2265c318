import { execFileSync } from 'node:child_process';
import { closeSync, openSync, rmSync, writeSync } from 'node:fs';
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { scratchFolder } from './scratch-folder.js';

const MIB = Buffer.alloc(2 ** 20);

/** A small disk that a test can fill: a tmpfs. */
export class SmallDisk {
  private constructor(
    private readonly parent: string,
    /** An empty folder on the disk. */
    readonly folder: string,
    private readonly ballast: string,
  ) {}

  /** @returns undefined if this process cannot mount */
  static async mount(mebibytes: number): Promise<SmallDisk | undefined> {
    const parent = await scratchFolder();
    try {
      execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${mebibytes}m,mode=755`, 'tmpfs', parent], {
        stdio: 'ignore',
      });
    } catch {
      await rm(parent, { recursive: true });
      return undefined;
    }
    const folder = join(parent, 'data');
    await mkdir(folder, { mode: 0o755 });
    return new SmallDisk(parent, folder, join(parent, 'ballast'));
  }

  /** Fills the disk to the last byte. */
  fill(): void {
    const file = openSync(this.ballast, 'a');
    try {
      for (let size = MIB.length; size > 0;) {
        try {
          writeSync(file, MIB, 0, size);
        } catch {
          size = Math.floor(size / 2);
        }
      }
    } finally {
      closeSync(file);
    }
  }

  free(): void {
    rmSync(this.ballast, { force: true });
  }

  async unmount(): Promise<void> {
    execFileSync('umount', ['-l', this.parent]);
    await rm(this.parent, { recursive: true });
  }
}
