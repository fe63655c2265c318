import type { GroupDismissal } from '../../groups/statements/dismiss-group.js';
import { storableText } from '../../postgres/storable-text.js';
import { defineCommand } from './callback-command.js';
import type { CallbackPayload } from './callback-payload.js';
import { ID, IDList } from './fields.js';

/**
 * A group was dismissed (pkg/callbackstruct/group.go, CallbackDisMissGroupReq). OpenIM reads `membersID` afterwards: all members, or none
 * where they were deleted with the group. `groupType` is not read: Go converts its int32 to a string of one control character.
 */
export class AfterDismissGroupCallback implements CallbackPayload<GroupDismissal> {
  @ID('callbackAfterDisMissGroupCommand')
  callbackCommand = '';

  @ID('Group')
  groupID = '';

  @IDList('Members after the dismissal; [] where they were deleted with the group')
  membersID: string[] | null | undefined = undefined;

  toChange(): GroupDismissal {
    // Go writes a nil slice as null: null is an empty list. Only an absent field reports nothing.
    const membersID = this.membersID === undefined ? null : (this.membersID ?? []).map(storableText);
    return { membersID };
  }

  toSummary(): string {
    return `the group was dismissed${this.toChange().membersID?.length === 0 ? ', and its members deleted' : ''}`;
  }
}

export const afterDismissGroup = defineCommand(AfterDismissGroupCallback, {
  name: 'callbackAfterDisMissGroupCommand',
  olderNames: ['callbackDisMissGroupCommand'],
  webhook: { key: 'afterDismissGroup' },
  apply: (groupSync, dismissal) => groupSync.dismissGroup(dismissal),
});
