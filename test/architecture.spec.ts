import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { ARROWS } from '../architecture.mjs';

const SRC = join(import.meta.dirname, '../src');

/** The folders that the files of each folder import, without those outside `src`. */
function readImports(): Map<string, Set<string>> {
  const imports = new Map<string, Set<string>>();
  for (const file of readdirSync(SRC, { recursive: true, encoding: 'utf8' })) {
    if (/\.tsx?$/.test(file)) {
      const folder = dirname(file);
      const targets = imports.get(folder) ?? new Set();
      const text = readFileSync(join(SRC, file), 'utf8');
      for (const [, path] of text.matchAll(/(?:from|import\() ?'(\.[^']+)'/g)) {
        targets.add(relative(SRC, dirname(join(SRC, folder, path!))) || '.');
      }
      imports.set(folder, targets);
    }
  }
  return imports;
}

const imports = readImports();
const folders = [...imports.keys()].filter((folder) => folder !== '.');

describe('The architecture', () => {
  it.each(folders)('names exactly the folders that src/%s imports', (folder) => {
    const others = [...imports.get(folder)!].filter((target) => target !== folder);
    expect(others.toSorted()).toEqual(ARROWS[folder]?.toSorted());
  });

  it('names no folder that does not exist', () => {
    expect(Object.keys(ARROWS).toSorted()).toEqual(folders.toSorted());
  });

  it('has no cycle of folders', () => {
    const order: string[] = [];
    const visit = (folder: string, path: string[]): void => {
      expect(path).not.toContain(folder);
      if (!order.includes(folder)) {
        const targets = [...(imports.get(folder) ?? [])].filter(
          (target) => target !== folder && target !== '.',
        );
        targets.forEach((target) => visit(target, [...path, folder]));
        order.push(folder);
      }
    };
    folders.forEach((folder) => visit(folder, []));
    expect(order.toSorted()).toEqual(folders.toSorted());
  });

  it('keeps everything but the composition out of the root', () => {
    const files = readdirSync(SRC).filter((name) => name.endsWith('.ts'));
    expect(files).toEqual([
      'app.module.ts',
      'app.ts',
      'data-source-options.ts',
      'data-source.ts',
      'main.ts',
      'service.ts',
      'source-maps.ts',
    ]);
  });
});
