/** One line of Prometheus's text format. */
export interface Sample {
  name: string;
  labels: Record<string, string>;
  value: number;
}

/** Parsed content of one answer of `/metrics`. */
export class Metrics {
  constructor(
    /** Names of all metrics, also of metrics without a sample. */
    readonly names: string[],
    readonly samples: Sample[],
  ) {}

  all(name: string): Sample[] {
    return this.samples.filter((sample) => sample.name === name);
  }

  /** Returns the value of the sample with exactly these labels. */
  value(name: string, labels: Record<string, string> = {}): number | undefined {
    const entries = Object.entries(labels);
    return this.all(name).find(
      (sample) =>
        Object.keys(sample.labels).length === entries.length &&
        entries.every(([label, value]) => sample.labels[label] === value),
    )?.value;
  }

  sum(name: string): number {
    return this.all(name).reduce((sum, { value }) => sum + value, 0);
  }
}

export async function readMetrics(url: string): Promise<Metrics> {
  const text = await (await fetch(`${url}/metrics`)).text();
  const samples = Array.from(
    text.matchAll(/^(\w+)(?:\{(.*)\})? (\S+)$/gm),
    ([, name = '', labels = '', value]): Sample => ({
      name,
      labels: Object.fromEntries(
        Array.from(labels.matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g), ([, label = '', text_ = '']) => [
          label,
          text_,
        ]),
      ),
      value: Number(value),
    }),
  );
  return new Metrics(
    Array.from(text.matchAll(/^# TYPE (\w+) /gm), ([, name = '']) => name),
    samples,
  );
}

/** Returns the names of the service's own metrics in a text, each once, without the suffixes of a histogram. */
export function openImMetrics(text: string): string[] {
  const names = text.match(/\bopenim_[a-z_]+/g) ?? [];
  return [...new Set(names.map((name) => name.replace(/_(bucket|sum|count)$/, '')))].toSorted();
}
