import { z } from 'zod';

/** An id in a path or a body: bounded, visible, nothing that a database or a log would stumble over. */
export const id = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._~-]{0,127}$/, { error: 'expected an id' });
