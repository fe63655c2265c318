import { Injectable, Logger } from '@nestjs/common';
import type { ChangesResult } from '../snapshots/changes-result.js';
import type { KnownGroup } from '../snapshots/known-group.js';
import { ReconciliationMetrics } from '../metrics/reconciliation-metrics.js';
import { RunLogService } from '../run-log/run-log.service.js';

/** Minimum time between two requests for a full run, in ms. */
const PAUSE_MS = 3_600_000;

/**
 * Detects that OpenIM shows an older state than before, as after the restore of a backup: a lower version of a group, another version
 * log, or no group, though OpenIM deletes none. Groups with the same version as before may differ too, so a full run is requested.
 */
@Injectable()
export class RestoreDetector {
  private readonly logger = new Logger('Reconciliation');
  private requestedAt = -Infinity;

  constructor(
    private readonly runs: RunLogService,
    private readonly metrics: ReconciliationMetrics,
  ) {}

  /** Compares OpenIM's answers with the known groups, and requests a full run where one is older. @throws the driver's error */
  async check(known: Map<string, KnownGroup>, results: Map<string, ChangesResult>): Promise<void> {
    for (const [groupID, group] of known) {
      const evidence = evidenceOfRestore(group, results.get(groupID));
      if (evidence && performance.now() - this.requestedAt > PAUSE_MS) {
        this.requestedAt = performance.now();
        this.metrics.restoreDetected();
        this.logger.warn(
          { groupID, ...evidence },
          'OpenIM shows an older state than before, as after the restore of a backup; a full run is requested',
        );
        await this.runs.request('full');
      }
    }
  }
}

/** @returns the fields for the log; undefined where OpenIM's state is not older */
function evidenceOfRestore(known: KnownGroup, result: ChangesResult | undefined): object | undefined {
  if (!known.isActive) {
    return undefined;
  }
  if (result?.kind === 'absent') {
    return { isAbsent: true };
  }
  if (result?.kind !== 'changes' || known.versionID === '') {
    return undefined;
  }
  const { versionID, version } = result.changes;
  if (versionID !== known.versionID) {
    return { versionID, knownVersionID: known.versionID };
  }
  return version < known.version ? { version, knownVersion: known.version } : undefined;
}
