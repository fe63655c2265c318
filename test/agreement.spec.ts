import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ModulesContainer } from '@nestjs/core';
import { AdminGuard } from '../src/admin-api/admin.guard.js';
import { CALLBACK_COMMANDS } from '../src/callback/payloads/callback-commands.js';
import { Config } from '../src/config/config.js';
import { configNames } from '../src/config/read-config.js';
import { fixtureCommands } from './helpers/fixtures.js';
import { Service } from './helpers/service.js';

const ROOT = join(import.meta.dirname, '..');
const file = (name: string) => readFileSync(join(ROOT, name), 'utf8');
const CALLBACKS = file('docs/callbacks.md');
const CONFIGURATION = file('docs/configuration.md');
const ADMIN_API = file('docs/admin-api.md');
const byName = (a: string, b: string) => a.localeCompare(b);
const commands = [...CALLBACK_COMMANDS.keys()].toSorted(byName);

/** The first cells of the table of a page that begins with this heading; of a link its text. */
const table = (page: string, heading: string): string[] => {
  const [rows = ''] = page.slice(page.indexOf(`| ${heading} |`)).split('\n\n');
  return rows
    .split('\n')
    .slice(2)
    .map((row) =>
      row
        .split('|')[1]!
        .trim()
        .replace(/^\[(.*)\]\(.*\)$/, '$1')
        .replaceAll('`', ''),
    );
};

let service: Service;

beforeAll(async () => {
  service = await Service.start({ ADMIN_API_KEY: 'try-me', CALLBACK_TOKEN: '' });
});

afterAll(async () => {
  await service.stop();
});

interface OpenApi {
  paths: Record<
    string,
    Record<
      string,
      {
        summary?: string;
        parameters?: { name: string; in: string }[];
        security?: Record<string, unknown>[];
      }
    >
  >;
  components: {
    schemas: Record<string, { properties: Record<string, unknown> }>;
    securitySchemes: Record<string, unknown>;
  };
}
const openApi = async () => (await service.fetch<OpenApi>('/docs-json')).body;

describe('The registry of callback commands', () => {
  it.each(commands)('has %s, with a folder in test/fixtures', (command) => {
    expect(fixtureCommands()).toContain(command);
  });

  it.each(commands)('has %s, with a row in docs/callbacks.md', (command) => {
    expect(table(CALLBACKS, 'command')).toContain(command);
  });

  it.each(commands)('has %s, with a line for webhooks.yml in docs/callbacks.md', (command) => {
    const { key, only, allowedTypes } = CALLBACK_COMMANDS.get(command)!.webhook;
    const types = allowedTypes ? `, allowedTypes: \\["${allowedTypes}"\\]` : '';
    const comment = only === 'main' ? ' # only where your file has it' : '';
    expect(CALLBACKS).toMatch(
      new RegExp(`^   ${key}: +\\{ enable: true, timeout: 5${types} \\}${comment}$`, 'm'),
    );
  });

  it('has every command of test/fixtures and of docs/callbacks.md', () => {
    expect(fixtureCommands().toSorted(byName)).toEqual(commands);
    expect(table(CALLBACKS, 'command').toSorted(byName)).toEqual(commands);
  });

  it('has every line for webhooks.yml of docs/callbacks.md', () => {
    const keys = [...CALLBACKS.matchAll(/^   (after\w+): +\{ enable/gm)].map(([, key]) => key!);
    expect(keys).toEqual(Array.from(CALLBACK_COMMANDS.values(), ({ webhook }) => webhook.key));
  });

  it('has no name twice, older names included', () => {
    const names = Array.from(CALLBACK_COMMANDS.values(), ({ name, olderNames }) => [
      name,
      ...olderNames,
    ]).flat();
    expect(names).toEqual([...new Set(names)]);
  });

  it('has payloads that OpenAPI describes with all of their fields', async () => {
    const { schemas } = (await openApi()).components;
    for (const { dto } of CALLBACK_COMMANDS.values()) {
      expect(Object.keys(schemas[dto.name]!.properties)).toEqual(Object.keys(new dto()));
    }
  });
});

/** Defaults as docs/configuration.md writes them, where they differ from the values. */
const WRITTEN: Record<string, string> = {
  CALLBACK_BODY_LIMIT: '16mb',
  CALLBACK_IN_FLIGHT_LIMIT: '64mb',
  JOURNAL_LIMIT: '256mb',
  RECONCILE_INTERVAL: '60s',
};

describe('The settings', () => {
  it('are all in docs/configuration.md, in the order of Config', () => {
    expect(table(CONFIGURATION, 'variable')).toEqual(configNames());
  });

  it('have the defaults that docs/configuration.md states', () => {
    const defaults = new Config() as unknown as Record<string, unknown>;
    for (const [, name, stated] of CONFIGURATION.matchAll(/^\| `([A-Z_]+)` \| `([^`]+)` \|/gm)) {
      const value = WRITTEN[name!] ?? String(defaults[name!]);
      expect([name, stated]).toEqual([name, value]);
    }
  });

  it('are all in .env.example', () => {
    const names = file('.env.example')
      .match(/^#?[A-Z_]+(?==)/gm)!
      .map((name) => name.replace('#', ''));
    expect(names).toEqual(expect.arrayContaining(configNames()));
  });

  it('of the memory are in the image and the scripts, as docs/operations.md states', () => {
    expect(file('docs/operations.md')).toContain('`MALLOC_ARENA_MAX=2`, which the image sets');
    expect(file('Dockerfile')).toMatch(/^ENV MALLOC_ARENA_MAX=2$/m);

    const [, words] = /^CMD (\[.*\])$/m.exec(file('Dockerfile'))!;
    const command = JSON.parse(words!) as string[];
    for (const flag of command.slice(1, -1)) {
      expect(file('docs/operations.md')).toContain(`\`${flag}\``);
    }
    const { scripts } = JSON.parse(file('package.json')) as { scripts: Record<string, string> };
    const script = ['exec', ...command].join(' ');
    expect([scripts['start'], scripts['start:prod']]).toEqual([script, script]);
  });

  it('that a user can choose are passed on by docker-compose.yml', () => {
    const fixed = ['NODE_ENV', 'HOST', 'PORT', 'DATA_DIR'];
    for (const name of configNames().filter((variable) => !fixed.includes(variable))) {
      expect(file('docker-compose.yml')).toMatch(new RegExp(`^      ${name}: `, 'm'));
    }
  });
});

describe('The routes', () => {
  it('of the admin API all have AdminGuard', () => {
    const controllers = Array.from(service.app.get(ModulesContainer).values(), (module) => [
      ...module.controllers.values(),
    ]).flat();
    const admin = controllers.filter(({ metatype }) =>
      String(Reflect.getMetadata('path', metatype!)).startsWith('admin'),
    );
    expect(admin).not.toEqual([]);
    for (const { metatype } of admin) {
      expect(Reflect.getMetadata('__guards__', metatype!)).toContain(AdminGuard);
    }
  });

  it('of the admin API all answer 401 without a key', async () => {
    const admin = Object.entries((await openApi()).paths).filter(([path]) => path.startsWith('/admin'));
    for (const [path, methods] of admin) {
      for (const method of Object.keys(methods)) {
        expect([path, (await service.fetch(path, { method: method.toUpperCase() })).status]).toEqual([
          path,
          401,
        ]);
        expect(methods[method]!.security).toEqual([{ bearer: [] }]);
      }
    }
  });

  it('of the admin API all refuse an unknown query parameter', async () => {
    const admin = Object.entries((await openApi()).paths).filter(([path]) => path.startsWith('/admin'));
    for (const [path, methods] of admin) {
      for (const method of Object.keys(methods)) {
        const { status, body } = await service.fetch<{ message: string[] }>(
          `${path.replace('{id}', randomUUID())}?unknown=1`,
          { method: method.toUpperCase(), headers: { authorization: 'Bearer try-me' } },
        );
        expect([method, path, status, body.message]).toEqual([
          method,
          path,
          400,
          ['property unknown should not exist'],
        ]);
      }
    }
  });

  it('each have a summary of their own in OpenAPI, and their kind of credentials', async () => {
    const { paths, components } = await openApi();
    const summaries = Object.entries(paths).flatMap(([path, methods]) =>
      Object.entries(methods).map(([method, { summary = '' }]) => [method, path, summary] as const),
    );
    for (const [method, path, summary] of summaries) {
      expect([method, path, summary]).toEqual([method, path, expect.stringMatching(/^[A-Z].{10,80}[^.]$/)]);
    }
    expect(new Set(summaries.map(([, , summary]) => summary)).size).toBe(summaries.length);
    expect(components.securitySchemes).toEqual({
      basic: { type: 'http', scheme: 'basic', description: expect.stringContaining('CALLBACK_TOKEN') },
      bearer: { type: 'http', scheme: 'bearer', description: 'ADMIN_API_KEY' },
    });
  });

  it('are the same in OpenAPI and docs/admin-api.md', async () => {
    const known = (await openApi()).paths;
    const paths = Object.keys(known);
    const routes = paths.flatMap((path) =>
      Object.keys(known[path]!).map((method) => `${method.toUpperCase()} ${path}`),
    );
    expect(table(ADMIN_API, 'route').toSorted(byName)).toEqual(
      routes.filter((route) => route.includes(' /admin')).toSorted(byName),
    );
    expect(paths).toContain('/callback/{command}');
    for (const path of paths.filter((one) => !/^\/(callback|admin)/.test(one))) {
      expect(ADMIN_API).toContain(`\`GET ${path}\``);
    }
  });
});

const dateless = (json: string) => json.replace(/"syncedAt":"[^"]+"/g, '');
/** JSON on one line, as the service writes it. */
const unwrapped = (json: string) => JSON.stringify(JSON.parse(json));

it.each(['README.md', 'README.zh-CN.md'])(
  'The commands of %s print the output that it shows',
  async (readme) => {
    const steps = [
      ...file(readme)
        .replaceAll(' \\\n  ', ' ')
        .matchAll(
          /<!-- run -->\n```sh\ncurl -s http:\/\/localhost:3000(\S+)(.*)\n```\n\n```json\n([^`]+)\n```/g,
        ),
    ];
    expect(steps).toHaveLength(3);
    for (const [, path = '', options = '', output = ''] of steps) {
      const [, name = '', value = ''] = / -H '([^:]+): ([^']+)'/.exec(options) ?? [];
      const [, body] = / --data @(\S+)$/.exec(options) ?? [];
      const { text } = await service.fetch(path, {
        headers: { [name]: value },
        ...(body && { method: 'POST', body: file(body) }),
      });
      expect(dateless(text)).toBe(dateless(unwrapped(output)));
    }
  },
);

it('The version is the same in package.json and OpenAPI', async () => {
  const { version } = JSON.parse(file('package.json')) as { version: string };
  expect((await service.fetch<{ info: { version: string } }>('/docs-json')).body.info.version).toBe(version);
});
