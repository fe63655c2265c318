import { renderToString } from 'preact-render-to-string';
import { type Bucket, BUCKET_MS, BUCKETS } from '../overview/callback-history.js';

/** The outcomes, from the bottom of a bar to its top. */
export const CHARTED = ['applied', 'unchanged', 'ignored', 'rejected', 'failed'] as const;

const COLOURS = {
  light: { line: '#e4e6ea', bars: ['#3e63dd', '#a9bcf5', '#c3c8d0', '#d97706', '#d13b3b'] },
  dark: { line: '#2b2f37', bars: ['#6f8ff7', '#3b4d8f', '#4a505b', '#e39a3b', '#ee6a6a'] },
};
const WIDTH = 960;
const HEIGHT = 160;
const STEP = WIDTH / BUCKETS;
const GAP = 2;
/** Height of the smallest bar: a single failure is to be seen. */
const LEAST = 2;

const totalOf = ({ outcomes }: Bucket): number =>
  Object.values(outcomes).reduce((all, number) => all + number, 0);

/** Returns the callbacks a minute of the highest bar. */
export const peakOf = (history: readonly Bucket[]): number =>
  Math.max(...history.map(totalOf)) / (BUCKET_MS / 60_000);

/** Renders the history as stacked bars. The page has the words. */
export function renderChart(history: readonly Bucket[], theme: keyof typeof COLOURS): string {
  const { line, bars } = COLOURS[theme];
  const scale = (HEIGHT - 10) / Math.max(1, ...history.map(totalOf));
  return renderToString(
    <svg xmlns="http://www.w3.org/2000/svg" viewBox={`0 0 ${WIDTH} ${HEIGHT}`} preserveAspectRatio="none">
      {[0, 0.5, 1].map((part) => {
        const y = HEIGHT - 0.5 - part * (HEIGHT - 10);
        return <line x1="0" x2={WIDTH} y1={y} y2={y} stroke={line} />;
      })}
      {history.map(({ outcomes }, index) => {
        let top = HEIGHT;
        return CHARTED.map((outcome, place) => {
          const number = outcomes[outcome] ?? 0;
          const height = number === 0 ? 0 : Math.max(LEAST, number * scale);
          top -= height;
          return height === 0 ? null : (
            <rect
              x={index * STEP + GAP / 2}
              y={Math.max(0, top).toFixed(1)}
              width={STEP - GAP}
              height={height.toFixed(1)}
              fill={bars[place]}
            />
          );
        });
      })}
    </svg>,
  );
}
