import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const FOLDER = join(import.meta.dirname, '../fixtures');

/** The bytes of a recorded body. */
export function fixture(command: string, name: string): string {
  return readFileSync(join(FOLDER, command, `${name}.json`), 'utf8');
}

/** The commands that have fixtures. */
export function fixtureCommands(): string[] {
  return readdirSync(FOLDER);
}
