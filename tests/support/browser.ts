import { chromium, type Browser, type Page } from 'playwright-core';
import { programPath } from './required-programs.ts';
import { PATIENCE_MS } from './wait-for.ts';

export interface TestBrowser {
  /** A page in a context of its own: no cookies of others. */
  page(): Promise<Page>;
  close(): Promise<void>;
}

const ARGUMENTS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  // The browser itself calls nobody: tests may run on a closed network.
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

export async function openBrowser(): Promise<TestBrowser> {
  const browser: Browser = await chromium.launch({
    executablePath: programPath('chromium'),
    headless: true,
    args: ARGUMENTS,
  });
  return {
    async page() {
      const context = await browser.newContext({ viewport: { width: 1280, height: 900 } });
      context.setDefaultTimeout(PATIENCE_MS);
      return context.newPage();
    },
    close: () => browser.close(),
  };
}
