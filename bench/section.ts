/** A table of figures. */
export interface Table {
  readonly columns: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

/** A figure and its limit. */
export interface Target {
  readonly what: string;
  readonly measured: string;
  readonly target: string;
  readonly holds: boolean;
}

/** Result of one part of a run. */
export interface Section {
  readonly title: string;
  /** Method of the measurement. */
  readonly notes: readonly string[];
  readonly tables: readonly Table[];
  readonly targets: readonly Target[];
}

/** Formats a number with about three digits: 1,234 or 12.3 or 1.23. */
export const figure = (value: number): string =>
  value.toLocaleString('en-US', {
    maximumFractionDigits: Math.abs(value) < 10 ? 2 : Math.abs(value) < 100 ? 1 : 0,
  });

/** Formats a ratio with two decimals: 1.23. */
export const ratio = (value: number): string => value.toFixed(2);
