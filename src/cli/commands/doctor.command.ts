import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { DataSource } from 'typeorm';
import type { Config } from '../../config/config.js';
import { readConfig } from '../../config/read-config.js';
import { callbackUrl } from '../../callback/payloads/webhooks-yml.js';
import { diagnose, type Installation } from '../../doctor/diagnose.js';
import type { Finding } from '../../doctor/finding.js';
import { CommandError, printLine, withContext } from '../context/context.js';

const INDENT = ' '.repeat('warning  '.length);

/**
 * Examines an installation, and prints each finding, with the action for a problem.
 * @param url the url in OpenIM's `webhooks.yml`; undefined: the callback url of the service on this machine
 * @returns whether there is no error
 */
export async function doctor(url?: string): Promise<boolean> {
  const config = readConfig();
  let errors = 0;
  const report = ({ level, message, action }: Finding): void => {
    errors += level === 'error' ? 1 : 0;
    printLine(`${level.padEnd(INDENT.length)}${message}`);
    if (action !== undefined) {
      printLine(`${INDENT}${action}`);
    }
  };
  await diagnose(
    {
      config,
      callbackUrl: url ?? callbackUrl(`127.0.0.1:${config.PORT}`, config.CALLBACK_TOKEN?.[0]),
      withDatabase: databaseOf(config),
    },
    report,
  );
  printLine(errors === 0 ? 'No errors' : `${errors} ${errors === 1 ? 'error' : 'errors'}`);
  return errors === 0;
}

/** Opens the database of the service for a diagnosis. Creates none, and applies no migration. */
function databaseOf(config: Config): Installation['withDatabase'] {
  return async (work) => {
    if (config.DATABASE_URL === undefined && !existsSync(join(config.DATA_DIR, 'postgres'))) {
      throw new CommandError(
        `There is no database: DATABASE_URL is not set, and ${config.DATA_DIR} has none`,
      );
    }
    await withContext(config, { LOG_LEVEL: 'silent', RUN_MIGRATIONS: false }, ({ app }) =>
      work(app.get(DataSource)),
    );
  };
}
