import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { DataSource } from 'typeorm';
import { OpenImClient } from '../../openim/openim.client.js';
import { ChangesReader } from '../snapshots/changes-reader.js';
import type { ChangesResult } from '../snapshots/changes-result.js';
import { type KnownGroup, readKnownGroups } from '../snapshots/known-group.js';
import type { SnapshotStart } from '../snapshots/snapshot-writer.service.js';
import type { ReconcileOptions } from './reconcile-task.js';
import { RestoreDetector } from './restore-detector.service.js';

/** A group in the mirror, and its changes in OpenIM. */
export interface DetectedChanges {
  readonly groupID: string;
  /** Undefined: the mirror does not have the group. */
  readonly known: KnownGroup | undefined;
  readonly changes: ChangesResult;
}

/** Detects what changed in OpenIM since the versions of groups in the mirror. */
@Injectable()
export class ChangeDetector {
  constructor(
    @InjectDataSource() private readonly dataSource: DataSource,
    private readonly openIm: OpenImClient,
    private readonly changes: ChangesReader,
    private readonly restores: RestoreDetector,
  ) {}

  /**
   * Reads the changes of some groups. For full snapshots their versions in the mirror are ignored.
   * @throws the error of OpenIM in an outage; the driver's error
   */
  async detect(
    groupIDs: string[],
    { asOf }: SnapshotStart,
    { priority, whole }: ReconcileOptions,
  ): Promise<DetectedChanges[]> {
    const known = await readKnownGroups(this.dataSource, groupIDs, asOf);
    const versions = groupIDs.map((groupID) => {
      const group = whole ? undefined : known.get(groupID);
      return { groupID, versionID: group?.versionID ?? '', version: group?.version ?? 0 };
    });
    const results = await this.openIm.withPriority(priority !== 'background', () =>
      this.changes.read(versions),
    );
    if (!whole) {
      await this.restores.check(known, results);
    }
    return groupIDs.map((groupID) => ({
      groupID,
      known: known.get(groupID),
      changes: results.get(groupID)!,
    }));
  }
}
