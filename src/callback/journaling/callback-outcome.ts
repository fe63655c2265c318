import type { SyncOutcome } from '../../groups/group-change.js';

/** What became of a callback: `journaled` is on disk here, and waits for PostgreSQL. */
export type CallbackOutcome = SyncOutcome | 'ignored' | 'journaled';
