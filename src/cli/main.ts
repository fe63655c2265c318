import { Command, InvalidArgumentError } from 'commander';
import { ConfigError } from '../config/read-config.js';
import { EmbeddedPostgresError } from '../embedded-postgres/embedded-postgres-error.js';
import { OpenImRefusal, OpenImUnreachable } from '../openim/openim-error.js';
import type { OpenImVersion } from '../openim/webhooks.js';
import { CommandError, say } from './context/context.js';
import { doctor } from './commands/doctor.command.js';
import { markDismissed } from './commands/mark-dismissed.command.js';
import { run } from './commands/run.command.js';
import { verify } from './commands/verify.command.js';
import { webhooksYml, type WebhooksOptions } from './commands/webhooks-yml.command.js';

/** Errors whose message is all that the person at the terminal needs. */
const PLAIN = [CommandError, ConfigError, EmbeddedPostgresError, OpenImRefusal, OpenImUnreachable];

const program = new Command('openim-group-sync')
  .description('Fills, repairs and checks the mirror, with the settings of the service')
  .showHelpAfterError();

program
  .command('backfill')
  .description('read every group that was never read; goes on where it was stopped')
  .action(() => run('backfill'));
program
  .command('reconcile')
  .description('read every group once more, and make the mirror equal')
  .action(() => run('full'));
program
  .command('mark-dismissed')
  .description('mark groups dismissed that OpenIM does not have any more; OpenIM is asked once more before')
  .argument('[groupID...]', 'the groups')
  .option('--all', 'every group that OpenIM did not have when it was asked last')
  .action(async (groupIDs: string[], options: { all?: boolean }) =>
    failUnless(await markDismissed(groupIDs, options)),
  );
program
  .command('verify')
  .description('compare some groups with OpenIM; writes nothing, exits 1 where one differs')
  .option('--sample <groups>', 'how many', toCount, 100)
  .action(async ({ sample }: { sample: number }) => failUnless(await verify(sample)));
program
  .command('doctor')
  .description(
    'check the database, OpenIM, and the way from OpenIM to here; exits 1 where something is wrong',
  )
  .option('--url <url>', 'the url in OpenIM’s webhooks.yml; otherwise the service on this machine')
  .action(async ({ url }: { url?: string }) => failUnless(await doctor(url)));
program
  .command('webhooks-yml')
  .description('print what belongs into OpenIM’s webhooks.yml for this installation')
  .option('--host <host:port>', 'where OpenIM reaches this service', 'openim-group-sync:3000')
  .option('--env', 'as environment variables, for OpenIM in a container')
  .option('--openim <version>', 'the version of OpenIM, 3.8.3 or main', toVersion)
  .action((options: WebhooksOptions) => say(webhooksYml(options)));

/** Patches have the settings of their release. */
function toVersion(value: string): OpenImVersion {
  const isRelease = /^v?3\.8\.3(-patch\.\d+)?$/.test(value);
  if (value !== 'main' && !isRelease) {
    throw new InvalidArgumentError(
      'Known are 3.8.3, with its patches, and main. Leave it out for another one',
    );
  }
  return isRelease ? '3.8.3' : 'main';
}

function toCount(value: string): number {
  const count = Number(value);
  if (!Number.isInteger(count) || count < 1) {
    throw new InvalidArgumentError('A number of groups, 1 or more');
  }
  return count;
}

function failUnless(well: boolean): void {
  process.exitCode = well ? 0 : 1;
}

try {
  await program.parseAsync();
} catch (error) {
  if (!PLAIN.some((kind) => error instanceof kind)) {
    throw error;
  }
  process.stderr.write(`${(error as Error).message}\n`);
  process.exitCode = 1;
}
