/** What a check found. */
export interface Finding {
  readonly is: 'well' | 'doubtful' | 'wrong';
  /** In plain words. */
  readonly what: string;
  /** What to do. */
  readonly advice?: string;
}

/** Something that keeps the installation from working. */
export const wrong = (what: string, advice: string): Finding => ({ is: 'wrong', what, advice });

/** Something that may be meant. */
export const doubtful = (what: string, advice: string): Finding => ({ is: 'doubtful', what, advice });
