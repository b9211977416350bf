#!/usr/bin/env node
import { endProcess, processTerminal, runCli } from './index.ts';

async function main(): Promise<void> {
  endProcess(await runCli(process.argv.slice(2), processTerminal()));
}

void main();
