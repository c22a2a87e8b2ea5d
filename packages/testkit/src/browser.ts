import { type Browser, chromium } from 'playwright-core';
import { findBrowser } from './find-browser.ts';

export type { Browser, BrowserContext, Locator, Page } from 'playwright-core';

export interface BrowserOptions {
  /** Names of hosts that are on this machine, for addresses that a browser does not take for its own machine. */
  readonly hosts?: readonly string[];
}

/** Starts the machine's browser, without a window. Throws when there is none. */
export async function startBrowser({ hosts = [] }: BrowserOptions = {}): Promise<Browser> {
  const executablePath = findBrowser();
  if (executablePath === undefined) throw new Error('There is no browser here; set AGNES_TEST_BROWSER.');
  const rules = hosts.map((host) => `MAP ${host} 127.0.0.1`).join(',');
  return chromium.launch({
    executablePath,
    // The sandbox does not start for the administrator of the machine, which one is in many containers.
    chromiumSandbox: process.getuid?.() !== 0 && process.env.CI === undefined,
    args: [...(rules === '' ? [] : [`--host-resolver-rules=${rules}`]), '--disable-dev-shm-usage'],
  });
}
