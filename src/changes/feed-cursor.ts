import { storableText } from '../postgres/storable-text.js';

/** A place in the feed: behind the change of a group with this position. Positions and revisions are texts, since they are bigints. */
export interface FeedCursor {
  readonly position: string;
  readonly groupID: string;
  readonly revision: string;
}

/** The place before the first change. */
export const BEGINNING: FeedCursor = { position: '0', groupID: '', revision: '0' };

/** The place before the first change with this position. */
export const before = (position: string): FeedCursor => ({ position, groupID: '', revision: '0' });

/** Encodes a place as an opaque text. */
export const encodeFeedCursor = (epoch: string, { position, groupID, revision }: FeedCursor): string =>
  Buffer.from(JSON.stringify([epoch, position, groupID, revision])).toString('base64url');

const isNumber = (part: unknown): part is string => typeof part === 'string' && /^\d{1,18}$/.test(part);

/** Decodes a place. @returns undefined for a text that is none */
export function decodeFeedCursor(text: string): (FeedCursor & { readonly epoch: string }) | undefined {
  let parts: unknown;
  try {
    parts = JSON.parse(Buffer.from(text, 'base64url').toString());
  } catch {
    return undefined;
  }
  if (!Array.isArray(parts) || parts.length !== 4) {
    return undefined;
  }
  const [epoch, position, groupID, revision] = parts as unknown[];
  return typeof epoch === 'string' &&
    typeof groupID === 'string' &&
    storableText(groupID) === groupID &&
    isNumber(position) &&
    isNumber(revision)
    ? { epoch, position, groupID, revision }
    : undefined;
}
