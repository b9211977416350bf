import { hash } from 'node:crypto';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** Takes half as long as all others together: begun last, it would be waited for alone. */
const LONGEST = 'tests/faults/faults.int.test.ts';

/**
 * Any order, by the run's seed; only the one long file comes first, and a project's files one after another: Vitest keeps a worker, and
 * what it has loaded, only for a next file of the same project. (Mixed, 78 workers instead of ten took a fifth of all CPU.)
 */
export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const { seed } = this.ctx.config.sequence;
    const place = ({ moduleId, project }: TestSpecification): string =>
      moduleId.endsWith(LONGEST) ? '' : `${project.name} ${hash('sha256', `${seed} ${moduleId}`)}`;
    return files
      .map(file => ({ file, place: place(file) }))
      .sort((a, b) => (a.place < b.place ? -1 : 1))
      .map(({ file }) => file);
  }
}
