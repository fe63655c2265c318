/**
 * Follows the feed of changes: URL KEY FOLDER. Appends each change to FOLDER/received, then keeps the cursor in FOLDER/cursor: what was received
 * before a kill may come again, and nothing is left out.
 */
import { appendFileSync, existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';

const [, , url, key, folder] = process.argv;
const file = `${folder}/cursor`;
let cursor = existsSync(file) ? readFileSync(file, 'utf8') : undefined;
for (;;) {
  const query = new URLSearchParams({ limit: '1000', wait: '5s', ...(cursor && { since: cursor }) });
  const response = await fetch(`${url}/admin/changes?${query}`, {
    headers: { authorization: `Bearer ${key}` },
  });
  const { items, nextCursor } = await response.json();
  appendFileSync(
    `${folder}/received`,
    `\n${items.map(({ groupID, revision }) => `${groupID} ${revision}\n`).join('')}`, // a line before may be cut
  );
  writeFileSync(`${file}.new`, nextCursor);
  renameSync(`${file}.new`, file);
  cursor = nextCursor;
}
