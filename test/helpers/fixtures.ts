import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';

const FOLDER = join(import.meta.dirname, '../fixtures');

/** The bytes of a recorded body. */
export function fixture(command: string, name: string): string {
  return readFileSync(join(FOLDER, command, `${name}.json`), 'utf8');
}

/** The commands that have fixtures. */
export function fixtureCommands(): string[] {
  return readdirSync(FOLDER);
}

/** Every recorded body with its command. */
export const FIXTURES = fixtureCommands().flatMap((command) =>
  readdirSync(join(FOLDER, command)).map((file) => ({
    command,
    name: basename(file, '.json'),
    text: fixture(command, basename(file, '.json')),
  })),
);
