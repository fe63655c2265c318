import type { Callback } from '../payloads/callback.js';
import { type CallbackProblems, parseCallback } from './callback-parse.js';

/** Runs `parseCallback` as a task of a worker thread. */
export default ({ command, body }: { command: string; body: Uint8Array }): Callback | CallbackProblems =>
  parseCallback(command, body);
