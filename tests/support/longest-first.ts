import { hash } from 'node:crypto';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** Trials of whole fleets take minutes: begun last, one of these would be waited for alone. The longest first. */
const LONGEST = [
  'faults/first-of-each',
  ...['watch', 'stops', 'crashes', 'letters', 'providers', 'clocks', 'engine', 'outbox', ''].map(
    name => `faults/cases/${name}`,
  ),
];

/**
 * Any order, by the run's seed; only the long files come first, and a project's files one after another: Vitest keeps a worker, and
 * what it has loaded, only for a next file of the same project. (Mixed, 78 workers instead of ten took a fifth of all CPU.)
 */
export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const { seed } = this.ctx.config.sequence;
    const place = ({ moduleId, project }: TestSpecification): string => {
      const at = LONGEST.findIndex(name => moduleId.includes(`/tests/${name}`));
      return at === -1 ? `${project.name} ${hash('sha256', `${seed} ${moduleId}`)}` : String(at).padStart(2, '0');
    };
    return files
      .map(file => ({ file, place: place(file) }))
      .sort((a, b) => (a.place < b.place ? -1 : 1))
      .map(({ file }) => file);
  }
}
