import type { GroupDismissal } from '../../groups/statements/dismiss-group.js';
import { storableText } from '../../postgres/storable-text.js';
import type { CallbackPayload } from './callback-payload.js';
import { ID, IDList } from './fields.js';

/**
 * A group was dismissed (pkg/callbackstruct/group.go, CallbackDisMissGroupReq). `membersID` is read after that: all members,
 * or none where they were deleted with the group. `groupType` comes as a text of one control character (Go's string of an
 * int32), and is not looked at.
 */
export class AfterDismissGroupCallback implements CallbackPayload<GroupDismissal> {
  @ID('callbackAfterDisMissGroupCommand')
  callbackCommand = '';

  @ID('The group')
  groupID = '';

  @IDList('Who is in the group after it; [] where its members were deleted with it')
  membersID: string[] | null | undefined = undefined;

  toChange(): GroupDismissal {
    // Go writes an empty list that was never made as null; only an absent one tells nothing.
    const membersID = this.membersID === undefined ? null : (this.membersID ?? []).map(storableText);
    return { membersID };
  }

  toSummary(): string {
    return `the group was dismissed${this.toChange().membersID?.length === 0 ? ', and its members deleted' : ''}`;
  }
}
