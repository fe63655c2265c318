import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';

const FOLDER = join(import.meta.dirname, '../fixtures');
const BODIES = join(import.meta.dirname, '../bodies');

/** Reads a callback body that was recorded from OpenIM or that OpenIM documents. */
export function fixture(command: string, name: string): string {
  return readFileSync(join(FOLDER, command, `${name}.json`), 'utf8');
}

/** Folder of the bodies of a command about one group, 2847193056, with the members u1 to u4; of a command without them, its fixtures. */
const bodiesFolder = (command: string): string =>
  join(existsSync(join(BODIES, command)) ? BODIES : FOLDER, command);

/** A body of a command as OpenIM sends it. */
export function bodyOf(command: string, name: string): string {
  return readFileSync(join(bodiesFolder(command), `${name}.json`), 'utf8');
}

/** The names of the bodies of a command. */
export function bodyNames(command: string): string[] {
  const folder = bodiesFolder(command);
  const files = existsSync(folder) ? readdirSync(folder) : [];
  return files.filter((file) => file !== ROWS).map((file) => basename(file, '.json'));
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
