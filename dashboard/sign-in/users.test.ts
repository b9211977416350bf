import { describe, expect, test } from 'vitest';
import { decoyHash } from '../../src/config/index.ts';
import { parseUsers } from './users.ts';

const hash = decoyHash();

describe('DASHBOARD_USERS', () => {
  test('names, roles and hashes are read', () => {
    expect(parseUsers(`ann:admin:${hash}, bob@shop:viewer:${hash}`)).toEqual({
      users: [
        { name: 'ann', role: 'admin', hash },
        { name: 'bob@shop', role: 'viewer', hash },
      ],
      problems: [],
    });
  });

  test('every faulty entry is told by its position, and nothing of it is repeated', () => {
    const { problems } = parseUsers(
      [
        'hunter2',
        `ann:root:${hash}`,
        'bob:viewer:hunter2',
        `eve <x>:viewer:${hash}`,
        `dan:admin:scrypt.1024.8.1.${'A'.repeat(22)}.${'B'.repeat(43)}`,
        `sue:viewer:${hash}`,
        `sue:admin:${hash}`,
        `pam:admin:${hash}:more`,
      ].join(','),
    );
    expect(problems).toHaveLength(7);
    for (const position of [1, 2, 3, 4, 5, 7, 8]) {
      expect(problems.filter(problem => problem.includes(`entry ${position} of DASHBOARD_USERS`))).toHaveLength(1);
    }
    expect(problems.join('\n')).not.toMatch(/hunter2|eve|scrypt\.1024|AAAA/);
  });

  test.each(['', ',', ' , '])('%j is no list of users', text => {
    expect(parseUsers(text).problems.length).toBeGreaterThan(0);
  });
});
