/** The `shiftwork` command. */
export { runCli } from './run-cli.ts';
