/**
 * Runs a request with a signal that is aborted after a time, and together with another signal, with its reason.
 * Not AbortSignal.any with AbortSignal.timeout: Node 20 may collect both before they fire (nodejs/node issue 54614).
 */
export async function within<T>(
  timeoutMs: number,
  ending: AbortSignal,
  request: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const end = new AbortController();
  const abort = (): void => end.abort(ending.reason);
  const late = new DOMException(`no answer within ${timeoutMs} ms`, 'TimeoutError');
  const timer = setTimeout(() => end.abort(late), timeoutMs);
  ending.addEventListener('abort', abort);
  try {
    return await request(end.signal);
  } finally {
    clearTimeout(timer);
    ending.removeEventListener('abort', abort);
  }
}

/** Returns why a request with `fetch` failed. Its cause holds the reason: the message is "fetch failed". */
export function requestFailure(error: Error): string {
  const { code, message } = (error.cause ?? {}) as { code?: string; message?: string };
  return code ?? message ?? error.message;
}
