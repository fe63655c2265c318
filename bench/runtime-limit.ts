import { Pool } from 'pg';
import { serveBare } from './bare-server.js';
import { bareStatement } from './bare-statement.js';
import { COMMANDS, type Kind } from './bodies.js';
import { sessionSettings } from '../src/database/session-settings.js';
import { readDatabaseUrl } from '../src/postgres/connection-options.js';
import { poolOptions } from '../src/postgres/pool.js';

const [databaseUrl, port] = process.argv.slice(2);
const KINDS = new Map(
  Object.entries(COMMANDS).map(([kind, command]) => [`/callback/${command}`, kind as Kind]),
);

const pool = new Pool({
  ...poolOptions(readDatabaseUrl(databaseUrl!), sessionSettings({ JOURNAL: 'on' })),
  max: 10,
});

// Measures the limit of Node: a server that only reads the body, runs the statement and answers.
serveBare(Number(port), (path, body) => pool.query(bareStatement(KINDS.get(path)!, body)));
