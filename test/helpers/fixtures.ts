import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';

const FOLDER = join(import.meta.dirname, '../fixtures');
const BODIES = join(import.meta.dirname, '../bodies');

/** Reads a callback body that was recorded from OpenIM or that OpenIM documents. */
export function fixture(command: string, name: string): string {
  return readFileSync(join(FOLDER, command, `${name}.json`), 'utf8');
}

/** Reads a body about group 2847193056 with the members u1 to u4, for tests that post several callbacks about one group. */
export function bodyOf(command: string, name: string): string {
  return readFileSync(join(BODIES, command, `${name}.json`), 'utf8');
}

/** Lists the commands that have fixtures. */
export function fixtureCommands(): string[] {
  return readdirSync(FOLDER, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name);
}

/** File with the expected rows, beside the bodies of a command. */
const ROWS = 'rows.json';

/** Reads the rows that each body of a command makes in an empty mirror, by the name of the body: the group, then its members. */
export function fixtureRows(command: string): Record<string, Record<string, unknown>[]> {
  const path = join(FOLDER, command, ROWS);
  return existsSync(path) ? (JSON.parse(readFileSync(path, 'utf8')) as ReturnType<typeof fixtureRows>) : {};
}

/** All recorded and documented bodies, with their commands. */
export const FIXTURES = fixtureCommands().flatMap((command) =>
  readdirSync(join(FOLDER, command))
    .filter((file) => file !== ROWS)
    .map((file) => ({
      command,
      name: basename(file, '.json'),
      text: fixture(command, basename(file, '.json')),
    })),
);
