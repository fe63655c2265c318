/**
 * Generates parts of `docs/`: the routes, parameters and fields of the admin API come from the OpenAPI document of the service, the
 * columns of the tables from the comments of the entities. `npm run docs` writes these parts between the markers of the files, and
 * `test/docs.spec.ts` compares them. The script reads the output of `npm run build`.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { apiTables } from './docs-api.mjs';
import { columnTables } from './docs-columns.mjs';
import { built, ROOT } from './docs-markdown.mjs';

/** Returns the OpenAPI document of a service that runs without a database. */
async function openApi() {
  const { createApp } = await built('src/app.js');
  const { readConfig } = await built('src/config/read-config.js');
  const { createLogger } = await built('src/server/logger.js');
  const config = readConfig({ NODE_ENV: 'test', JOURNAL: 'off', LOG_LEVEL: 'silent' });
  const app = await createApp(config, 'postgres://127.0.0.1:1/none', createLogger(config));
  await app.listen(0, '127.0.0.1');
  const response = await fetch(`${await app.getUrl()}/docs-json`);
  const document = await response.json();
  await app.close();
  return document;
}

/** Returns the path and the whole text of each file of `docs/` that has generated parts. */
export async function generatedDocs(document) {
  const parts = {
    'docs/admin-api.md': apiTables(document),
    'docs/tables.md': { columns: await columnTables() },
  };
  return new Map(
    Object.entries(parts).map(([file, texts]) => {
      const text = readFileSync(join(ROOT, file), 'utf8');
      return [
        file,
        Object.entries(texts).reduce(
          (whole, [part, generated]) =>
            whole.replace(
              new RegExp(`(<!-- generated: ${part} -->\n).*(<!-- end: ${part} -->)`, 's'),
              (_, begin, end) => `${begin}\n${generated}\n\n${end}`,
            ),
          text,
        ),
      ];
    }),
  );
}

if (process.argv[1] === import.meta.filename) {
  for (const [file, text] of await generatedDocs(await openApi())) {
    writeFileSync(join(ROOT, file), text);
  }
  process.exit(); // the connection pool may keep the process alive
}
