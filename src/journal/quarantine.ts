import { open } from 'node:fs/promises';

/**
 * Reasons why an entry cannot be applied. `damaged`: its bytes are not those that were written. `torn`: the file ends within the entry; either
 * the process ended during the write, and the callback was not acknowledged, or the file was cut off. `rejected`: PostgreSQL accepts it neither
 * as a change nor as a row of the log.
 */
export const QUARANTINE_REASONS = ['damaged', 'torn', 'rejected'] as const;
export type QuarantineReason = (typeof QUARANTINE_REASONS)[number];

/** The file for the bytes of entries that cannot be applied, for an operator to read. */
export class Quarantine {
  constructor(readonly path: string) {}

  /** Appends bytes, after a line with their origin and the reason; resolves when they are on disk. */
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
