import type { Program } from './subjects/start-program.ts';

/** What a job cost, or how many were done: whatever the question measures. */
export type Figure = 'perSecond' | 'nodeUs' | 'serverUs' | 'commands' | 'bytes';
export type Sample = Readonly<Partial<Record<Figure, number>>>;

export interface Spread {
  readonly low: number;
  readonly median: number;
  readonly high: number;
}

export interface Row {
  readonly question: string;
  readonly subject: string;
  /** Medians of the rounds. */
  readonly figures: Sample;
  /** To the first subject, of what was measured one after the other: quartiles and median of the rounds. */
  readonly ratios: Readonly<Partial<Record<Figure, Spread>>>;
}

export interface Question {
  readonly name: string;
  /** `share`: of the jobs that it asks of the subject. */
  readonly sample: (program: Program, share: number) => Promise<Sample>;
}

/**
 * Each round asks each subject, who goes first in its turn: what disturbs the machine for a while disturbs both. The first round warms up, with
 * a quarter of the jobs, and is not counted.
 */
export async function compare(
  question: Question,
  programs: readonly Program[],
  rounds: number,
): Promise<readonly Row[]> {
  const samples = new Map<Program, Sample[]>(programs.map(program => [program, []]));
  const order = [...samples];
  for (let round = 0; round <= rounds; round += 1) {
    order.push(...order.splice(0, 1));
    for (const [program, taken] of order) {
      const sample = await question.sample(program, round === 0 ? 0.25 : 1);
      if (round > 0) taken.push(sample);
    }
  }
  const [base = []] = samples.values();
  return [...samples].map(([{ name: subject }, taken]) => {
    const figures = [...new Set(taken.flatMap(sample => Object.keys(sample) as Figure[]))];
    const of = (sample: Sample | undefined, figure: Figure): number => sample?.[figure] ?? Number.NaN;
    return {
      question: question.name,
      subject,
      figures: Object.fromEntries(figures.map(figure => [figure, median(taken.map(sample => of(sample, figure)))])),
      ratios: Object.fromEntries(
        figures.map(figure => [
          figure,
          spread(taken.map((sample, round) => of(sample, figure) / of(base[round], figure))),
        ]),
      ),
    };
  });
}

export function quantile(values: readonly number[], part: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? Number.NaN;
}

export function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}

export function spread(values: readonly number[]): Spread {
  return { low: quantile(values, 0.25), median: median(values), high: quantile(values, 0.75) };
}
