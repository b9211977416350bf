import type { Client } from 'pg';
import type { NewJob } from '../../../src/engine/turns/index.ts';
import { QUEUE, type Deed } from '../step.ts';

/** What stock programs, or a broken one, do to a queue; what PostgreSQL's tables cannot hold is left out. */
export async function doDeed(client: Client, deed: Deed): Promise<void> {
  const run = (sql: string, ...params: readonly unknown[]) => client.query(sql, [QUEUE, ...params]);
  switch (deed.what) {
    case 'pause':
    case 'resume':
      await run('SELECT pause($1, $2)', deed.what === 'pause');
      return;
    case 'expire-limiter':
      await run('DELETE FROM rate_limit WHERE queue = $1');
      return;
    case 'set-meta':
      for (const [field, value] of Object.entries(deed.fields)) {
        await run('DELETE FROM meta WHERE queue = $1 AND field = $2', field);
        if (value !== undefined) await run('INSERT INTO meta (queue, field, value) VALUES ($1, $2, $3)', field, value);
      }
      return;
    case 'drop-lock':
      await run('UPDATE job SET lock_token = NULL, locked_until_ms = 0 WHERE queue = $1 AND id = $2', deed.id);
      return;
    case 'take-lock':
      await run(
        "UPDATE job SET lock_token = $3 WHERE queue = $1 AND id = $2 AND state = 'active'",
        deed.id,
        deed.token,
      );
      return;
    case 'delete-job':
      await run('DELETE FROM job WHERE queue = $1 AND id = $2', deed.id);
      return;
    case 'promote':
      await run('SELECT promote($1, $2)', deed.id);
      return;
    case 'drop-key':
      if (deed.key.startsWith('de:'))
        await run('DELETE FROM dedup WHERE queue = $1 AND dedup_id = $2', deed.key.slice(3));
      if (deed.key === 'meta') await run('DELETE FROM meta WHERE queue = $1');
      return;
    case 'delete-holder':
      await run(
        'DELETE FROM job WHERE queue = $1 AND id = (SELECT job_id FROM dedup WHERE queue = $1 AND dedup_id = $2)',
        deed.key.slice(3),
      );
      return;
    case 'wait-for-it':
      await run("UPDATE job_dependency SET status = 'pending' WHERE child_queue = $1 AND child_id = $2", deed.id);
      return;
    case 'defer-failure':
      await run("UPDATE job SET deferred_failure = 'a child failed' WHERE queue = $1 AND id = $2", deed.id);
      return;
    case 'wait-for-children':
      await run('SELECT move_to_waiting_children($1, $2, $3)', deed.id, deed.token).catch(() => undefined);
      return;
    case 'flow': {
      const { parent, children } = deed;
      const family = { parentQueue: QUEUE, parentId: parent.id, parentKey: `${QUEUE}:${parent.id}` };
      const entries = [
        { ...entryOf(parent), addToWaitingChildren: true },
        ...children.map(child => ({ ...entryOf(child), ...family })),
      ];
      await client.query('SELECT add_flow($1)', [JSON.stringify(entries)]);
      return;
    }
    case 'list':
      // No job is broken in that way here; in its place all that run have heard of a child that failed.
      await run("UPDATE job SET deferred_failure = 'a child failed' WHERE queue = $1 AND state = 'active'");
      return;
    case 'drop-name':
  }
}

function entryOf({ id, name, data, opts, timestamp }: NewJob): object {
  return { queue: QUEUE, id, name, data, opts, timestamp, attempts: opts.attempts ?? 0 };
}
