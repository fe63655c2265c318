import { Argument, Command, InvalidArgumentError, Option } from 'commander';
import { parseDateTime } from '../admin-api/date-time-param.js';
import { DELIVERY_OUTCOMES } from '../deliveries/callback-delivery.entity.js';
import { ConfigError } from '../config/read-config.js';
import { VERSION } from '../config/version.js';
import { DatabaseAccessError } from '../database/database-access-error.js';
import { EmbeddedPostgresError } from '../embedded-postgres/embedded-postgres-error.js';
import { OpenImRefusal, OpenImUnreachable } from '../openim/openim-error.js';
import type { OpenImVersion } from '../openim/webhooks.js';
import { CommandError, printLine } from './context/context.js';
import { doctor } from './commands/doctor.command.js';
import { markDismissed } from './commands/mark-dismissed.command.js';
import { exportList, type ExportedList, type ExportOptions } from './commands/export.command.js';
import { grantReader } from './commands/grant-reader.command.js';
import { replay, type ReplayOptions } from './commands/replay.command.js';
import { run } from './commands/run.command.js';
import { verify } from './commands/verify.command.js';
import { webhooksTest } from './commands/webhooks-test.command.js';
import { webhooksLines, type WebhooksOptions } from './commands/webhooks-yml.command.js';

/** Errors that are printed without a stack trace. */
const EXPECTED_ERRORS = [
  CommandError,
  ConfigError,
  DatabaseAccessError,
  EmbeddedPostgresError,
  OpenImRefusal,
  OpenImUnreachable,
];

const program = new Command('openim-group-sync')
  .description('Fills, reconciles and checks the mirror, with the settings of the service')
  .version(VERSION)
  .showHelpAfterError('(--help explains it)');

program
  .command('backfill')
  .description('read every group that was never read; continues an interrupted one')
  .action(() => run('backfill'));
program
  .command('reconcile')
  .description('read every group from OpenIM, and make the mirror equal')
  .action(() => run('full'));
program
  .command('mark-dismissed')
  .description('mark groups dismissed that OpenIM no longer has; checks that in OpenIM first')
  .argument('[groupID...]', 'the groups')
  .option('--all', 'every group that reconciliation found missing in OpenIM')
  .action(async (groupIDs: string[], options: { all?: boolean }) =>
    setExitCode(await markDismissed(groupIDs, options)),
  );
program
  .command('verify')
  .description('compare some groups with OpenIM; writes nothing, exits 1 if one differs')
  .option('--sample <groups>', 'number of groups', toCount, 100)
  .action(async ({ sample }: { sample: number }) => setExitCode(await verify(sample)));
program
  .command('doctor')
  .description('check the database, OpenIM, and the url of the callbacks; exits 1 if there is an error')
  .option('--url <url>', 'the url in OpenIM’s webhooks.yml; without it, the service on this machine')
  .action(async ({ url }: { url?: string }) => setExitCode(await doctor(url)));
program
  .command('webhooks-yml')
  .description('print the lines of OpenIM’s webhooks.yml for this installation')
  .option(
    '--host <host:port>',
    'address at which OpenIM reaches this service (default: openim-group-sync:PORT)',
  )
  .option('--env', 'print environment variables, for OpenIM in a container')
  .option('--openim <version>', 'the version of OpenIM, 3.8.3 or main', toVersion)
  .action((options: WebhooksOptions) => printLine(webhooksLines(options)));

program
  .command('replay')
  .description('replay the callbacks of a time, each as of its arrival; exits 1 if one fails')
  .requiredOption('--since <time>', 'received at this time or later, such as 2026-01-31T08:00:00Z', toTime)
  .option('--until <time>', 'received before this time', toTime)
  .addOption(new Option('--outcome <outcome>', 'only those with this outcome').choices(DELIVERY_OUTCOMES))
  .option('--command <command>', 'only this command, under the name that OpenIM sent')
  .option('--group <groupID>', 'only those that name this group')
  .action(async (options: ReplayOptions) => setExitCode(await replay(options)));
program
  .command('export')
  .description('write all groups, or the current members of all groups, to stdout')
  .addArgument(new Argument('<list>', 'what').choices(['groups', 'members']))
  .addOption(new Option('--format <format>', 'how').choices(['csv', 'ndjson']).default('csv'))
  .action((list: ExportedList, options: ExportOptions) => exportList(list, options));
program
  .command('grant-reader')
  .description('create a role of PostgreSQL that may read the views for reports and nothing else')
  .argument('<name>', 'name of the role')
  .action((name: string) => grantReader(name));
program
  .command('webhooks')
  .description('webhooks that this service sends')
  .command('test')
  .description('post a signed example of a change to a receiver; exits 1 if it does not receive it')
  .argument('<url>', 'the url of the receiver', toHttpUrl)
  .action(async (url: string) => setExitCode(await webhooksTest(url)));

/** A patch has the settings of its release. */
function toVersion(value: string): OpenImVersion {
  const isRelease = /^v?3\.8\.3(-patch\.\d+)?$/.test(value);
  if (value !== 'main' && !isRelease) {
    throw new InvalidArgumentError(
      'Use 3.8.3, one of its patches, or main. Leave the option out for another version',
    );
  }
  return isRelease ? '3.8.3' : 'main';
}

function toTime(value: string): Date {
  const time = parseDateTime(value);
  if (!time) {
    throw new InvalidArgumentError(
      'Use a time with its zone, such as 2026-01-31T08:00:00Z, or a date in UTC',
    );
  }
  return time;
}

function toHttpUrl(value: string): string {
  if (!URL.canParse(value) || !/^https?:$/.test(new URL(value).protocol)) {
    throw new InvalidArgumentError('Use an http:// or https:// URL');
  }
  return value;
}

function toCount(value: string): number {
  const count = Number(value);
  if (!Number.isInteger(count) || count < 1) {
    throw new InvalidArgumentError('Use a whole number of groups, 1 or more');
  }
  return count;
}

function setExitCode(isOk: boolean): void {
  process.exitCode = isOk ? 0 : 1;
}

try {
  await program.parseAsync();
} catch (error) {
  if (!EXPECTED_ERRORS.some((kind) => error instanceof kind)) {
    throw error;
  }
  process.stderr.write(`${(error as Error).message}\n`);
  process.exitCode = 1;
}
