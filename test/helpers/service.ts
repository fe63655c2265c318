import type { AddressInfo } from 'node:net';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { DataSource, SimpleConsoleLogger } from 'typeorm';
import { createApp } from '../../src/app.js';
import { readConfig } from '../../src/config/read-config.js';
import { DatabaseService } from '../../src/database/database.service.js';
import { createLogger } from '../../src/server/logger.js';
import { TestDatabase } from './database.js';

export const TOKEN = 'callback-token';
export const KEY = 'admin-key';
export const CREATE = 'callbackAfterCreateGroupCommand';

export interface Reply {
  actionCode: number;
  errCode: number;
  errMsg: string;
  errDlt: string;
  nextCode: number;
}

export interface Answer<Body> {
  status: number;
  headers: Headers;
  body: Body;
  text: string;
}

/** Body of the answer to an acknowledged callback. */
export const SUCCESS: Reply = { actionCode: 0, errCode: 0, errMsg: '', errDlt: '', nextCode: 1 };
export const IGNORED: Reply = { ...SUCCESS, nextCode: 0 };

/** The whole service inside the test process, on a free port and with its own database. */
export class Service {
  readonly url: string;

  private constructor(
    readonly app: NestExpressApplication,
    readonly database: TestDatabase,
    /** Lines of the service's log. */
    readonly log: Record<string, unknown>[],
  ) {
    this.url = `http://127.0.0.1:${(app.getHttpServer().address() as AddressInfo).port}`;
  }

  /**
   * @param environment settings that differ from the defaults of the tests
   * @param databaseUrl maps the URL of the database to the URL that the service connects to
   */
  static async start(
    environment: Record<string, string> = {},
    databaseUrl?: (url: string) => Promise<string>,
  ): Promise<Service> {
    const database = await TestDatabase.create();
    const config = readConfig({
      NODE_ENV: 'test',
      CALLBACK_TOKEN: TOKEN,
      ADMIN_API_KEY: KEY,
      JOURNAL: 'off', // services cannot share a journal folder; a test of the journal sets DATA_DIR
      ...environment,
    });
    const log: Record<string, unknown>[] = [];
    const logger = createLogger(config, () => ({
      write: (line) => void log.push(JSON.parse(line) as Record<string, unknown>),
    }));
    const app = await createApp(config, (await databaseUrl?.(database.url)) ?? database.url, logger);
    await app.listen(0, '127.0.0.1');
    if (!databaseUrl) {
      await app.get(DatabaseService).opened;
    }
    return new Service(app, database, log);
  }

  async stop(): Promise<void> {
    const connections = setInterval(() => this.app.getHttpServer().closeIdleConnections(), 20);
    await this.app.close();
    clearInterval(connections);
    await this.database.drop();
  }

  /** Posts a callback as OpenIM does. Sends a string or bytes unchanged, and any other body as JSON. */
  async post(command: string, body: unknown, headers: Record<string, string> = {}): Promise<Answer<Reply>> {
    const raw = typeof body === 'string' || body instanceof Uint8Array ? body : JSON.stringify(body);
    return this.fetch<Reply>(`/callback/${command}`, {
      method: 'POST',
      body: raw as NonNullable<RequestInit['body']>,
      headers: {
        'content-type': 'application/json; charset=utf-8',
        operationid: '7b1c0d9e44',
        authorization: `Basic ${btoa(`openim:${TOKEN}`)}`,
        ...headers,
      },
    });
  }

  /** Sends a GET request to the admin API. */
  async admin<Body>(path: string): Promise<Answer<Body>> {
    return this.fetch<Body>(`/admin${path}`, { headers: { authorization: `Bearer ${KEY}` } });
  }

  async fetch<Body>(path: string, init: RequestInit = {}): Promise<Answer<Body>> {
    const response = await fetch(this.url + path, init);
    const text = await response.text();
    return { status: response.status, headers: response.headers, text, body: parse(text) as Body };
  }

  /** Returns an array that collects every statement that the service sends to PostgreSQL from now on. */
  recordStatements(): { sql: string; parameters: unknown[] }[] {
    const statements: { sql: string; parameters: unknown[] }[] = [];
    this.app.get(DataSource).logger = Object.assign(new SimpleConsoleLogger(false), {
      logQuery: (sql: string, parameters: unknown[] = []) => void statements.push({ sql, parameters }),
    });
    return statements;
  }

  /** Reads all rows of the groups and their members. */
  async rows(): Promise<{ groups: GroupRow[]; members: MemberRow[] }> {
    return {
      groups: await this.database.query<GroupRow>('SELECT * FROM groups ORDER BY group_id'),
      members: await this.database.query<MemberRow>(
        'SELECT * FROM group_members ORDER BY group_id, role_level DESC, user_id',
      ),
    };
  }
}

export type GroupRow = Record<string, unknown> & {
  group_id: string;
  group_name: string;
  as_of: Date;
  synced_at: Date;
};
export type MemberRow = {
  group_id: string;
  user_id: string;
  role_level: number;
  left_at: Date | null;
  as_of: Date;
  synced_at: Date;
};

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
