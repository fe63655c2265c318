/** Result of a check. */
export interface Finding {
  readonly level: 'ok' | 'warning' | 'error';
  readonly message: string;
  /** What the operator can do. */
  readonly action?: string;
}

export const ok = (message: string): Finding => ({ level: 'ok', message });

/** Makes the finding of a problem that keeps the installation from working. */
export const error = (message: string, action: string): Finding => ({ level: 'error', message, action });

/** Makes the finding of something that may be intended. */
export const warning = (message: string, action: string): Finding => ({ level: 'warning', message, action });
