import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';

const FOLDER = join(import.meta.dirname, '../fixtures');
const BODIES = join(import.meta.dirname, '../bodies');

/** The bytes of a body that was recorded, or that OpenIM documents. */
export function fixture(command: string, name: string): string {
  return readFileSync(join(FOLDER, command, `${name}.json`), 'utf8');
}

/** A body as OpenIM would send it about one group, 2847193056, with the members u1 to u4: for tests that tell a story. */
export function bodyOf(command: string, name: string): string {
  return readFileSync(join(BODIES, command, `${name}.json`), 'utf8');
}

/** The commands that have fixtures. */
export function fixtureCommands(): string[] {
  return readdirSync(FOLDER, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name);
}

/** Every body that was recorded or is documented, with its command. */
export const FIXTURES = fixtureCommands().flatMap((command) =>
  readdirSync(join(FOLDER, command)).map((file) => ({
    command,
    name: basename(file, '.json'),
    text: fixture(command, basename(file, '.json')),
  })),
);
