/**
 * The generated parts of `docs/`: the routes, parameters and fields of the admin API from the OpenAPI document of the service, and the
 * columns of the tables from the comments of the entities. `npm run docs` writes them between the markers of the files, and
 * `test/docs.spec.ts` compares them. Reads what `npm run build` made.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { apiTables } from './docs-api.mjs';
import { columnTables } from './docs-columns.mjs';
import { built, ROOT } from './docs-markdown.mjs';

/** The OpenAPI document, from the service without a database. */
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

/** Each file of `docs/` that has generated parts, with its whole text. */
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
  process.exit(); // the pool may still try to connect
}
