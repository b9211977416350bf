import { endProcess, processTerminal } from '../src/command/index.ts';
import { runCli } from '../src/cli/index.ts';

/** What a worker dyno runs: the app's handlers, until SIGTERM or SIGINT. The same as `shiftwork work`. */
async function main(): Promise<void> {
  endProcess(await runCli(['work', ...process.argv.slice(2)], processTerminal()));
}

void main();
