/**
 * Generates one SQL file for each statement of `src/groups/statements`. `npm run sql` writes the files, and
 * `test/statement-sql.spec.ts` compares them with the code. The script reads the output of `npm run build`.
 */
import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

const ROOT = join(import.meta.dirname, '..');
const FOLDER = join('src', 'groups', 'statements');

const kebab = (name) => name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);

const dedent = (text) =>
  text
    .split('\n')
    .map((line) => line.replace(/^ {2}/, '').trimEnd())
    .filter((line) => line !== '')
    .join('\n');

/** Returns the text of each file by its name, such as `create-group.sql`. */
export async function statementFiles() {
  const files = new Map();
  const modules = readdirSync(join(ROOT, FOLDER)).filter((name) => name.endsWith('.ts'));
  for (const module of modules) {
    const path = join(ROOT, 'dist', FOLDER, module.replace(/\.ts$/, '.js'));
    const exported = await import(pathToFileURL(path).href);
    for (const { name, text } of Object.values(exported).filter((value) => value?.text && value.name)) {
      files.set(`${kebab(name)}.sql`, `-- Generated from ${module} by "npm run sql".\n${dedent(text)}\n`);
    }
  }
  return files;
}

if (process.argv[1] === import.meta.filename) {
  for (const [name, text] of await statementFiles()) {
    writeFileSync(join(ROOT, FOLDER, name), text);
  }
}
