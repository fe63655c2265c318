import { Injectable, Logger } from '@nestjs/common';
import type { Answer } from '../snapshots/changes-reader.js';
import type { KnownGroup } from '../snapshots/known-group.js';
import { ReconciliationMetrics } from '../metrics/reconciliation-metrics.js';
import { RunLogService } from '../run-log/run-log.service.js';

/** How long after a full run was requested no other one is, in ms. */
const PAUSE_MS = 3_600_000;

/**
 * Notices that OpenIM shows an older state than before, as after the restore of a backup: a group whose version went down or whose
 * version log is another one, or a group that is not there any more, though OpenIM deletes none. Groups may then be wrong whose
 * versions happen to be the same as before. So every group is read again.
 */
@Injectable()
export class RestoreDetector {
  private readonly logger = new Logger('Reconciliation');
  private requestedAt = -Infinity;

  constructor(
    private readonly runs: RunLogService,
    private readonly metrics: ReconciliationMetrics,
  ) {}

  /** Compares what OpenIM answers with what is known, and requests a full run where it is older. @throws the driver's error */
  async check(known: Map<string, KnownGroup>, answers: Map<string, Answer>): Promise<void> {
    for (const [groupID, group] of known) {
      const how = isOlder(group, answers.get(groupID));
      if (how && performance.now() - this.requestedAt > PAUSE_MS) {
        this.requestedAt = performance.now();
        this.metrics.restoreDetected();
        this.logger.warn(
          `OpenIM shows an older state than before: ${how} of group ${groupID}. Was it restored from a backup? Every group is read again`,
        );
        await this.runs.request('full');
      }
    }
  }
}

function isOlder(known: KnownGroup, answer: Answer | undefined): string | undefined {
  if (!known.isActive) {
    return undefined;
  }
  if (answer?.kind === 'absent') {
    return 'it does not have the row';
  }
  if (answer?.kind !== 'changes' || known.versionID === '') {
    return undefined;
  }
  const { versionID, version } = answer.changes;
  if (versionID !== known.versionID) {
    return `the version log is ${versionID} instead of ${known.versionID}`;
  }
  return version < known.version ? `the version is ${version} after ${known.version}` : undefined;
}
