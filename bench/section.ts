/** A table of figures. */
export interface Table {
  readonly columns: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

/** A figure beside what it should be. */
export interface Target {
  readonly what: string;
  readonly measured: string;
  readonly target: string;
  readonly holds: boolean;
}

/** What a part of a run found. */
export interface Section {
  readonly title: string;
  /** How it was measured. */
  readonly notes: readonly string[];
  readonly tables: readonly Table[];
  readonly targets: readonly Target[];
}

/** 1,234 or 12.3 or 1.23. */
export const figure = (value: number): string =>
  value.toLocaleString('en-US', {
    maximumFractionDigits: Math.abs(value) < 10 ? 2 : Math.abs(value) < 100 ? 1 : 0,
  });

/** 1.234 as 1.23. */
export const ratio = (value: number): string => value.toFixed(2);
