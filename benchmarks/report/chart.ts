import type { Results } from '../results.ts';

const WIDTH = 760;
const LEFT = 250;
const BAR = 11;
const ROW = 34;
const TOP = 56;
const COLORS = { nodeUs: '#2f6fde', serverUs: '#e08a1e' } as const;

/** results.svg: CPU a job as a part of BullMQ's, Node and Redis. */
export function chart({ redis, about }: Results): string {
  const rows = redis.filter(({ subject }) => subject === 'Shiftwork');
  const ratios = rows.flatMap(({ ratios: { nodeUs, serverUs } }) => [nodeUs?.median ?? 0, serverUs?.median ?? 0]);
  const most = Math.max(1.2, ...ratios);
  const scale = (WIDTH - LEFT - 60) / most;
  const height = TOP + rows.length * ROW + 34;
  const text = (x: number, y: number, words: string, more = ''): string =>
    `<text x="${x}" y="${y}" ${more}>${words}</text>`;
  const lines = rows.map(({ question, ratios: { nodeUs, serverUs } }, nth) => {
    const y = TOP + nth * ROW;
    const bar = (value: number, color: string, below: number): string =>
      `<rect x="${LEFT}" y="${y + below}" width="${(value * scale).toFixed(1)}" height="${BAR}" fill="${color}"/>` +
      text(LEFT + value * scale + 5, y + below + 9, value.toFixed(2), 'font-size="10"');
    return (
      text(LEFT - 8, y + 16, question, 'text-anchor="end"') +
      bar(nodeUs?.median ?? 0, COLORS.nodeUs, 2) +
      bar(serverUs?.median ?? 0, COLORS.serverUs, 2 + BAR + 1)
    );
  });
  const one = (LEFT + scale).toFixed(1);
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" font-family="system-ui, sans-serif" font-size="12" fill="#555">`,
    `<rect width="${WIDTH}" height="${height}" fill="#fff"/>`,
    text(12, 20, 'CPU a job on Redis, BullMQ by itself = 1 (shorter is cheaper)', 'font-size="14" fill="#222"'),
    `<rect x="${LEFT}" y="32" width="10" height="10" fill="${COLORS.nodeUs}"/>` + text(LEFT + 15, 41, 'Node'),
    `<rect x="${LEFT + 70}" y="32" width="10" height="10" fill="${COLORS.serverUs}"/>` + text(LEFT + 85, 41, 'Redis'),
    ...lines,
    `<line x1="${one}" y1="${TOP - 6}" x2="${one}" y2="${height - 30}" stroke="#b00" stroke-dasharray="3 3"/>`,
    text(
      12,
      height - 10,
      `${about.command} at ${about.commit}, Node ${about.node}, Redis ${about.redis}`,
      'font-size="10"',
    ),
    '</svg>',
    '',
  ].join('\n');
}
