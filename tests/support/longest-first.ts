import { hash } from 'node:crypto';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** Takes half as long as all others together: begun last, it would be waited for alone. */
const LONGEST = 'tests/faults/faults.int.test.ts';

/** Any order, by the run's seed; only the one long file comes first. */
export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const { seed } = this.ctx.config.sequence;
    const place = ({ moduleId, project }: TestSpecification): string =>
      moduleId.endsWith(LONGEST) ? '' : hash('sha256', `${seed} ${project.name} ${moduleId}`);
    return files
      .map(file => ({ file, place: place(file) }))
      .sort((a, b) => (a.place < b.place ? -1 : 1))
      .map(({ file }) => file);
  }
}
