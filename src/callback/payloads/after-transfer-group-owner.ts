import type { OwnerTransfer } from '../../groups/statements/transfer-group-owner.js';
import { defineCommand } from './callback-command.js';
import type { CallbackPayload } from './callback-payload.js';
import { ID } from './fields.js';

/**
 * The owner of a group changed (pkg/callbackstruct/group.go, CallbackTransferGroupOwnerReq). OpenIM does not report the former role of the
 * new owner.
 */
export class AfterTransferGroupOwnerCallback implements CallbackPayload<OwnerTransfer> {
  @ID('callbackAfterTransferGroupOwnerCommand')
  callbackCommand = '';

  @ID('Group')
  groupID = '';

  @ID('Former owner')
  oldOwnerUserID = '';

  @ID('New owner')
  newOwnerUserID = '';

  toChange(): OwnerTransfer {
    return { oldOwnerUserID: this.oldOwnerUserID, newOwnerUserID: this.newOwnerUserID };
  }

  toSummary(): string {
    return `${this.oldOwnerUserID} handed the group over to ${this.newOwnerUserID}`;
  }
}

export const afterTransferGroupOwner = defineCommand(AfterTransferGroupOwnerCallback, {
  name: 'callbackAfterTransferGroupOwnerCommand',
  olderNames: ['callbackTransferGroupOwnerAfter', 'callbackAfterTransferGroupOwner'],
  webhook: { key: 'afterTransferGroupOwner' },
  apply: (groupSync, transfer) => groupSync.transferGroupOwner(transfer),
});
