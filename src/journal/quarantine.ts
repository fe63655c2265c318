import { open } from 'node:fs/promises';

/**
 * Why an entry cannot be applied. `damaged`: its bytes are not those that were written. `torn`: the file ends in the middle of it; the
 * process ended while it was being written, so that it was not acknowledged, or the file was cut off. `rejected`: PostgreSQL takes it neither
 * as a change nor into the log.
 */
export const QUARANTINE_REASONS = ['damaged', 'torn', 'rejected'] as const;
export type QuarantineReason = (typeof QUARANTINE_REASONS)[number];

/** A file beside the journal with the bytes of entries that could not be applied, for an operator. */
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
