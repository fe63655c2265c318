import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { statementFiles } from '../scripts/statement-sql.mjs';
import { TestDatabase } from './helpers/database.js';

const FOLDER = join(import.meta.dirname, '../src/groups/statements');
const files = readdirSync(FOLDER).filter((name) => name.endsWith('.sql'));

describe('The SQL files beside the statements', () => {
  let database: TestDatabase;

  beforeAll(async () => {
    database = await TestDatabase.create();
  });

  afterAll(() => database.drop());

  it('are what "npm run sql" writes', async () => {
    const texts = new Map(files.map((name) => [name, readFileSync(join(FOLDER, name), 'utf8')]));

    expect(texts).toEqual(await statementFiles());
  });

  it('write the group before its change, whose number the lock of the group gives', () => {
    const recording = files
      .map((name) => readFileSync(join(FOLDER, name), 'utf8'))
      .filter((text) => text.includes('recorded AS'));

    expect(recording.length).toBeGreaterThan(8);
    for (const text of recording) {
      expect(/recorded AS \([\s\S]*?\n\)/.exec(text)![0]).toContain('FROM written_group');
    }
  });

  it.each(files)('%s can be explained as it stands', async (name) => {
    const plan = await database.query(`EXPLAIN (GENERIC_PLAN) ${readFileSync(join(FOLDER, name), 'utf8')}`);

    expect(plan).not.toEqual([]);
  });
});
