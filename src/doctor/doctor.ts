import type { DataSource } from 'typeorm';
import type { Config } from '../config/config.js';
import { checkCallbackUrl } from './callback-url.js';
import { checkClock } from './clock-check.js';
import { checkDatabase, checkDelivery } from './database-checks.js';
import { checkDeniedCallbacks } from './denied-callbacks.js';
import type { Finding } from './finding.js';
import { HooksService } from '../hooks/hooks.service.js';
import { checkHost } from './host-check.js';
import { checkOpenIm } from './openim-check.js';
import { checkBeforeCallbacks, checkLastCallback, checkLostCallbacks } from './received-callbacks.js';
import { checkWebhooks } from './webhooks-check.js';

/** What the checks without the database found out. */
export interface Connections {
  /** The operationID of the callback that the service answered; undefined: it answered none. */
  readonly operationID: string | undefined;
  /** Whether OpenIM answers, and accepts the secret. */
  readonly reachesOpenIm: boolean;
}

/**
 * Checks what can be seen without the database: OpenIM, its settings, and the answer to a callback. Writes nothing but the delivery of
 * that callback.
 * @param url the url of the callbacks
 */
export async function* checkConnections(config: Config, url: string): AsyncGenerator<Finding, Connections> {
  const openIm = await checkOpenIm(config);
  yield openIm;
  const reachesOpenIm = openIm.level === 'ok';
  if (reachesOpenIm) {
    yield* await checkWebhooks(config);
  }
  yield* checkHost(config);
  yield* await checkDeniedCallbacks(config);
  const { findings, operationID } = await checkCallbackUrl(url, config);
  yield* findings;
  return { operationID, reachesOpenIm };
}

/**
 * Checks the database, and what OpenIM sent to it. Writes nothing.
 * @param operationID of the callback that the service answered; undefined: it answered none
 */
export async function* checkMirror(
  dataSource: DataSource,
  config: Config,
  operationID: string | undefined,
): AsyncGenerator<Finding> {
  yield await checkDatabase(dataSource);
  yield await checkClock(dataSource, config);
  if (operationID !== undefined) {
    yield await checkDelivery(dataSource, operationID);
  }
  yield await checkLastCallback(dataSource);
  const hooks = new HooksService(dataSource);
  yield* await checkBeforeCallbacks(hooks);
  yield await checkLostCallbacks(hooks);
}

/** Makes all checks but the probe, in a process that has the database. @param url the url of the callbacks */
export async function* checkInstallation(
  dataSource: DataSource,
  config: Config,
  url: string,
): AsyncGenerator<Finding> {
  const { operationID } = yield* checkConnections(config, url);
  yield* checkMirror(dataSource, config, operationID);
}
