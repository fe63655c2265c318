import { open } from 'node:fs/promises';

/**
 * Why something of the journal cannot be applied: `damaged`: its bytes are not what was written; `torn`: the file ends in the middle of
 * it: it was being written when the process ended, and nobody was told that it is there, or the file was cut off afterwards; `rejected`:
 * PostgreSQL takes it neither as a change nor into the log.
 */
export const QUARANTINE_REASONS = ['damaged', 'torn', 'rejected'] as const;
export type QuarantineReason = (typeof QUARANTINE_REASONS)[number];

/** A file beside the journal that keeps every byte which could not be applied, for people to look at. */
export class Quarantine {
  constructor(readonly path: string) {}

  /** Keeps some bytes, after a line that says where they are from and why; resolves when they are on disk. */
  async keep(bytes: Buffer, reason: QuarantineReason, origin: string): Promise<void> {
    const file = await open(this.path, 'a', 0o600);
    try {
      const head = `# ${new Date().toISOString()} ${reason}, ${bytes.length} bytes of ${origin}\n`;
      await file.appendFile(Buffer.concat([Buffer.from(head), bytes, Buffer.from('\n')]));
      await file.sync();
    } finally {
      await file.close();
    }
  }
}
