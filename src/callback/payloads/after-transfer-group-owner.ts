import type { OwnerTransfer } from '../../groups/statements/transfer-group-owner.js';
import type { CallbackPayload } from './callback-payload.js';
import { ID } from './fields.js';

/**
 * A group has another owner (pkg/callbackstruct/group.go, CallbackTransferGroupOwnerReq). What role the new one had is not
 * told.
 */
export class AfterTransferGroupOwnerCallback implements CallbackPayload<OwnerTransfer> {
  @ID('callbackAfterTransferGroupOwnerCommand')
  callbackCommand = '';

  @ID('The group')
  groupID = '';

  @ID('Who was the owner')
  oldOwnerUserID = '';

  @ID('Who is the owner')
  newOwnerUserID = '';

  toChange(): OwnerTransfer {
    return { oldOwnerUserID: this.oldOwnerUserID, newOwnerUserID: this.newOwnerUserID };
  }

  toSummary(): string {
    return `${this.oldOwnerUserID} handed the group over to ${this.newOwnerUserID}`;
  }
}
