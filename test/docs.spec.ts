import { execFile } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { promisify } from 'node:util';
import { ARROWS } from '../architecture.mjs';
import { generatedDocs } from '../scripts/docs.mjs';
import { CALLBACK_COMMANDS } from '../src/callback/payloads/callback-commands.js';
import { configNames } from '../src/config/read-config.js';
import { messagesOfSource } from './helpers/messages.js';
import { type Metrics, readMetrics } from './helpers/metrics.js';
import { Service } from './helpers/service.js';

const ROOT = join(import.meta.dirname, '..');
const read = (name: string): string => readFileSync(join(ROOT, name), 'utf8');

const READMES = ['README.md', 'README.zh-CN.md'];
const PAGES = [
  ...READMES,
  ...readdirSync(join(ROOT, 'docs'))
    .filter((name) => name.endsWith('.md'))
    .map((name) => `docs/${name}`),
];
/** The pages, and what else names things to operators. */
const TEXTS = [...PAGES, 'ops/README.md', 'ops/alerts.yml'];
const ALL = TEXTS.map(read).join('\n');

/** Fenced blocks: their language and what is in them, without the indent of a list. */
const blocksOf = (text: string): [language: string, block: string][] =>
  [...text.matchAll(/^( *)```(\w*)\n(.*?)^ *```$/gms)].map(([, indent = '', language = '', block = '']) => [
    language,
    block.replaceAll(new RegExp(`^${indent}`, 'gm'), ''),
  ]);
const withoutBlocks = (text: string): string => text.replaceAll(/^ *```.*?^ *```$/gms, '');
const spansOf = (text: string): string[] =>
  [...withoutBlocks(text).matchAll(/`([^`\n]+)`/g)].map(([, span]) => span!);
const linksOf = (text: string): string[] =>
  [...withoutBlocks(text).matchAll(/\]\(([^)\s]+)\)/g)].map(([, target]) => target!);
const tablesOf = (text: string): string[][] =>
  [...withoutBlocks(text).matchAll(/(?:^\|.*\n)+/gm)].map(([rows]) => rows.trim().split('\n'));
const unique = (names: Iterable<string>): string[] => [...new Set(names)].toSorted();
const matches = (pattern: RegExp, text = ALL): string[] =>
  unique([...text.matchAll(pattern)].map(([all]) => all));

/** What a command of the command line says of itself. */
async function cliHelp(command: string): Promise<string> {
  const main = join(ROOT, 'dist/src/cli/main.js');
  const { stdout } = await promisify(execFile)(process.execPath, [main, command, '--help']);
  return stdout;
}

/** The anchors that GitHub makes of the headings of a page. */
function anchorsOf(text: string): string[] {
  const seen = new Map<string, number>();
  return [...withoutBlocks(text).matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) => {
    const slug = heading
      .replaceAll(/\[([^\]]*)\]\([^)]*\)/g, '$1')
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{M}\p{N}\p{Pc} -]/gu, '')
      .replaceAll(' ', '-');
    const times = seen.get(slug) ?? 0;
    seen.set(slug, times + 1);
    return times === 0 ? slug : `${slug}-${times}`;
  });
}

/** Blocks of a README that its translation has too: of a picture all but its words. */
const wordless = (blocks: [string, string][]) =>
  blocks.map(([language, block]) => [
    language,
    language === 'mermaid' ? block.replaceAll(/"[^"]*"/g, '""') : block,
  ]);
const levelsOf = (text: string) => withoutBlocks(text).match(/^#+(?= )/gm);
/** What is code and what is a link in each row of each table. */
const keysOf = (text: string) =>
  tablesOf(text).map((rows) => rows.map((row) => [spansOf(row).toSorted(), linksOf(row)]));
const linksElsewhere = (text: string) => linksOf(text).filter((target) => !READMES.includes(target));

describe('README.md', () => {
  it('has at most 150 lines, none of them long but those of tables', () => {
    const lines = read('README.md').trimEnd().split('\n');
    expect(lines.length).toBeLessThanOrEqual(150);
    expect(lines.filter((line) => line.length > 160 && !line.startsWith('|'))).toEqual([]);
  });

  describe('and README.zh-CN.md', () => {
    const [english, chinese] = READMES.map(read) as [string, string];

    it('have the same commands and answers, and the same picture but for its words', () => {
      expect(wordless(blocksOf(chinese))).toEqual(wordless(blocksOf(english)));
    });

    it('have the same headings, by their levels', () => {
      expect(levelsOf(chinese)).toEqual(levelsOf(english));
    });

    it('have the same rows in their tables, by what is code and what is a link in each', () => {
      expect(keysOf(chinese)).toEqual(keysOf(english));
    });

    it('have the same links, but for the one to the other', () => {
      expect(linksElsewhere(chinese)).toEqual(linksElsewhere(english));
    });
  });
});

describe('Links', () => {
  const local = PAGES.flatMap((page) =>
    linksOf(read(page))
      .filter((target) => !/^[a-z]+:/.test(target))
      .map((target): [string, string] => [page, target]),
  );

  it.each(local)('from %s to %s lead somewhere', (page, target) => {
    const [path = '', anchor] = target.split('#');
    const file = path === '' ? page : normalize(join(dirname(page), path));
    expect(existsSync(join(ROOT, file))).toBe(true);
    if (anchor !== undefined) {
      expect(anchorsOf(read(file))).toContain(anchor);
    }
  });

  it('lead from README.md to every page of docs', () => {
    const targets = linksOf(read('README.md')).map((target) => target.split('#')[0]);
    expect(targets).toEqual(expect.arrayContaining(PAGES.filter((page) => page.startsWith('docs/'))));
  });
});

interface Parameter {
  name: string;
  schema: { enum?: string[] };
}

describe('The pages name only what exists:', () => {
  let service: Service;
  let metrics: Metrics;
  let openApi: { paths: Record<string, Record<string, unknown>> };

  beforeAll(async () => {
    service = await Service.start();
    metrics = await readMetrics(service.url);
    openApi = (await service.fetch<typeof openApi>('/docs-json')).body;
  });

  afterAll(() => service.stop());

  it('settings', () => {
    // Of docker-compose.yml, the tests, glibc and Node; OpenTelemetry's and OpenIM's own, and the words of SQL and errors.
    const others = [
      'POSTGRES_PASSWORD',
      'TEST_PGBOUNCER',
      'MALLOC_ARENA_MAX',
      'NODE_COMPILE_CACHE',
      'OPENIM_NETWORK',
      'YOUR_TOKEN',
    ];
    const names = matches(/\b[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+\b/g).filter(
      (name) => !/^(OTEL|IMENV)_/.test(name) && !others.includes(name),
    );
    expect(names.filter((name) => !configNames().includes(name))).toEqual([]);
  });

  it('metrics', () => {
    const names = matches(/\bopenim_[a-z_]+?(?=(_bucket)?\b)/g).filter(
      (name) => !name.startsWith('openim_group_sync') && !['openim_changes', 'openim_views'].includes(name), // a channel of NOTIFY and a schema
    );
    expect(names.filter((name) => !metrics.names.includes(name))).toEqual([]);
  });

  it('alerts', () => {
    const rules = [...read('ops/alerts.yml').matchAll(/- alert: (\w+)/g)].map(([, name]) => name);
    expect(matches(/\bOpenIm[A-Z]\w+\b/g).filter((name) => !rules.includes(name))).toEqual([]);
  });

  it('routes', () => {
    const routes = Object.entries(openApi.paths).flatMap(([path, methods]) =>
      Object.keys(methods).map(
        (method) => new RegExp(`^${method} ${path.replaceAll(/\{\w+\}/g, '[^/]+')}$`, 'i'),
      ),
    );
    const spans = TEXTS.flatMap((page) => spansOf(read(page)));
    const named = spans.filter((span) => /^(GET|POST|PUT|PATCH|DELETE) \/(?!docs)/.test(span));
    const wrong = named.filter((span) => !routes.some((route) => route.test(span.split('?')[0]!)));
    expect(unique(wrong)).toEqual([]);
  });

  it('query parameters, and values of those that have a list of them', () => {
    const parameters = Object.values(openApi.paths)
      .flatMap((methods) => Object.values(methods) as { parameters?: Parameter[] }[])
      .flatMap((operation) => operation.parameters ?? []);
    const isKnown = ([name, value]: [string, string]) =>
      parameters.some(
        (parameter) => parameter.name === name && (parameter.schema.enum?.includes(value) ?? true),
      );
    const named = [...ALL.matchAll(/`(?:GET|POST) \/[\w/{}-]+\?([^`]+)`/g)].flatMap(([, query]) => [
      ...new URLSearchParams(query),
    ]);
    expect(named.filter((parameter) => !isKnown(parameter))).toEqual([]);
  });

  it('JSON fields, parameters and keys of webhooks.yml', async () => {
    const { stdout: webhooks } = await promisify(execFile)(process.execPath, [
      join(ROOT, 'dist/src/cli/main.js'),
      'webhooks-yml',
      '--openim=3.8.3',
    ]);
    // Of OpenIM's main branch and of its share.yml, and of the log.
    const others = ['afterCreateGroupChatConversations', 'failedContinue', 'imAdmin', 'adminKey'];
    const known = `${JSON.stringify(openApi)} ${webhooks}`;
    const named = PAGES.filter((page) => page !== 'docs/architecture.md')
      .flatMap((page) => spansOf(read(page)))
      .filter((span) => /^[a-z]+([A-Z]+[a-z]*)+$/.test(span) && !/^callback[A-Z]/.test(span));
    const wrong = named.filter((name) => !new RegExp(`\\b${name}\\b`).test(known) && !others.includes(name));
    expect(unique(wrong)).toEqual([]);
  });

  it('columns and tables', async () => {
    const known = await service.database.query<{ name: string }>(
      `SELECT DISTINCT unnest(ARRAY[table_name, column_name]::text[]) AS name FROM information_schema.columns`,
    );
    const names = new Set(known.map(({ name }) => name));
    // Of PostgreSQL, of a metric, of an example and of readiness.
    const others = ['pg_dump', 'pg_locks', 'pg_trgm', 'node_version', 'im_user_id', 'shutting_down'];
    const named = PAGES.flatMap((page) => spansOf(read(page))).filter((span) =>
      /^[a-z]+(_[a-z]+)+$/.test(span),
    );
    const wrong = named.filter(
      (name) => !names.has(name) && !others.includes(name) && !name.startsWith('openim_'),
    );
    expect(unique(wrong)).toEqual([]);
  });

  it('what can be asked in SQL: each example can be run', async () => {
    await service.database.query('CREATE SCHEMA app; CREATE TABLE app.users (im_user_id text, email text)');
    const examples = PAGES.flatMap((page) => blocksOf(read(page)))
      .filter(([language]) => language === 'sql')
      .map(([, sql]) => sql);
    expect(examples.length).toBeGreaterThanOrEqual(5);
    for (const example of examples) {
      await expect(service.database.query(example)).resolves.toEqual([]);
    }
  });

  it('commands of OpenIM', () => {
    const known = Array.from(CALLBACK_COMMANDS, ([name, { olderNames }]) => [name, ...olderNames]).flat();
    const named = matches(/\bcallback[A-Z]\w*\b/g).filter(
      (name) => !['callbackCommand', 'callbackAfter'].includes(name),
    );
    expect(named.filter((name) => !known.includes(name))).toEqual([]);
  });

  it('scripts of npm', () => {
    const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> };
    const named = unique([...ALL.matchAll(/\bnpm run ([\w:]+)/g)].map(([, name]) => name!));
    expect(named.filter((name) => !(name in scripts))).toEqual([]);
  });

  it('commands of the command line, and their options', async () => {
    const calls = [...ALL.matchAll(/npm run cli -- ([\w-]+)([^`\n]*)/g)];
    for (const command of unique(calls.map(([, name]) => name!))) {
      const options = calls
        .filter(([, name]) => name === command)
        .flatMap(([, , rest]) => rest!.match(/--[\w-]+/g) ?? []);
      const help = await cliHelp(command);
      expect([command, help]).toEqual([command, expect.stringContaining(`openim-group-sync ${command}`)]);
      expect(options.filter((option) => !help.includes(option))).toEqual([]);
    }
  });

  it('files', () => {
    const paths = matches(/(?<=`)(?:src|test|scripts|bench|ops|docs|migrations)\/[\w./-]*(?=`)/g);
    expect(
      paths.filter((path) => path !== 'migrations/AddSomething' && !existsSync(join(ROOT, path))),
    ).toEqual([]);
  });

  it('classes, in docs/architecture.md', () => {
    const sources = readdirSync(join(ROOT, 'src'), { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.ts'))
      .map((name) => read(join('src', name)))
      .join('\n');
    const classes = spansOf(read('docs/architecture.md')).filter((span) => /^([A-Z][a-z]+){2,}$/.test(span));
    expect(classes.filter((name) => !new RegExp(`\\bclass ${name}\\b`).test(sources))).toEqual([]);
  });

  it('the folders of src, all of them, in docs/architecture.md', () => {
    const [table = []] = tablesOf(read('docs/architecture.md'));
    const folders = table.slice(2).map((row) => spansOf(row)[0]!);
    expect(unique(folders)).toEqual(unique(Object.keys(ARROWS)));
    expect(folders).toHaveLength(Object.keys(ARROWS).length);
  });

  it('the routes, fields and columns that "npm run docs" writes', async () => {
    for (const [name, text] of await generatedDocs(openApi)) {
      expect([name, read(name)]).toEqual([name, text]);
    }
  });
});

describe('docs/troubleshooting.md', () => {
  const page = read('docs/troubleshooting.md');
  const messages = messagesOfSource();

  it('has every message that the service warns, fails or refuses with', () => {
    expect(messages.length).toBeGreaterThan(50);
    expect(messages.filter(([message]) => !page.includes(`\`${message}\``))).toEqual([]);
  });

  it('has the messages that ops/alerts.yml quotes', () => {
    const quoted = spansOf(read('ops/alerts.yml')).filter((span) => /^[A-Z]\w+ [a-z]/.test(span));
    expect(quoted.length).toBeGreaterThan(0);
    expect(quoted.filter((text) => !messages.some(([message]) => message.startsWith(text)))).toEqual([]);
  });

  it('has no other message in the tables of messages', () => {
    // What class-validator says.
    const known = ['property … should not exist', ...messages.map(([message]) => message)];
    const named = tablesOf(page)
      .filter(([heading]) => heading!.startsWith('| message |'))
      .flatMap((rows) => rows.slice(2).flatMap((row) => spansOf(row.split(/(?<!\\) \| /)[0]!)));
    expect(named.filter((message) => !known.includes(message))).toEqual([]);
  });
});
