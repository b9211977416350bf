#!/usr/bin/env node
import { endProcess, processTerminal } from '../command/index.ts';
import { runCli } from './index.ts';

async function main(): Promise<void> {
  endProcess(await runCli(process.argv.slice(2), processTerminal()));
}

void main();
