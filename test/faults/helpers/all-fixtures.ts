import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fixture, fixtureCommands } from '../../helpers/fixtures.js';

const FOLDER = join(import.meta.dirname, '../../fixtures');

const ALL = fixtureCommands().flatMap((command) =>
  readdirSync(join(FOLDER, command)).map((file) => ({
    command,
    text: fixture(command, file.replace(/\.json$/, '')),
  })),
);

/** Every recorded body with its command. */
export const fixtures = (): typeof ALL => ALL;
