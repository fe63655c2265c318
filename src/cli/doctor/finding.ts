/** What a check found. */
export interface Finding {
  readonly is: 'well' | 'doubtful' | 'wrong';
  /** In plain words. */
  readonly what: string;
  /** What to do. */
  readonly advice?: string;
}
