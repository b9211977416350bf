import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { json } from 'node:stream/consumers';
import { InvalidPayloadError, QueueUnavailableError, type Enqueuer } from 'shiftwork';
import { z } from 'zod';
import { welcomeEmail } from './jobs.ts';

const signUpForm = z.object({ userId: z.string(), email: z.string() });

/** `POST /signup {"userId", "email"}` answers 202 with the job's id. */
export function createWeb(shiftwork: Enqueuer): Server {
  return createServer((request, response) => {
    signUp(shiftwork, request).then(
      id => answer(response, 202, { id }),
      (error: unknown) =>
        answer(response, statusOf(error), { error: error instanceof Error ? error.message : 'failed' }),
    );
  });
}

async function signUp(shiftwork: Enqueuer, request: IncomingMessage): Promise<string> {
  const { id } = await shiftwork.enqueue(welcomeEmail, signUpForm.parse(await json(request)));
  return id;
}

function statusOf(error: unknown): number {
  if (error instanceof InvalidPayloadError || error instanceof z.ZodError || error instanceof SyntaxError) return 400;
  return error instanceof QueueUnavailableError ? 503 : 500;
}

function answer(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'Content-Type': 'application/json' }).end(JSON.stringify(body));
}
