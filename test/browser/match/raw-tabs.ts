/**
 * Tabs that can really be hidden. Playwright keeps all its pages visible and timers unthrottled; so these are made
 * and spoken to over the raw protocol, in a browser started without Playwright's flags against throttling. Each has a
 * window of its own, for a minimised window is hidden in every build of Chromium, a tab behind another is not.
 */
import { type Browser, type CDPSession, chromium } from 'playwright-core';
import { BROWSER_ARGS, requireBrowser } from '../../../scripts/find-browser.mjs';

const flagsAgainstThrottling = [
  '--disable-background-timer-throttling',
  '--disable-renderer-backgrounding',
  '--disable-backgrounding-occluded-windows',
];

interface Evaluation {
  readonly result?: { readonly value?: unknown };
  readonly exceptionDetails?: unknown;
}

/** A browser whose tabs can be hidden. */
export class RawBrowser {
  readonly #browser: Browser;
  readonly #root: CDPSession;
  readonly #contextId: string;

  constructor(browser: Browser, root: CDPSession, contextId: string) {
    this.#browser = browser;
    this.#root = root;
    this.#contextId = contextId;
  }

  static async launch(): Promise<RawBrowser> {
    const { executablePath, env } = requireBrowser();
    const browser = await chromium.launch({
      executablePath,
      args: [...BROWSER_ARGS, '--mute-audio'],
      env: { ...(process.env as Record<string, string>), ...env },
      ignoreDefaultArgs: flagsAgainstThrottling,
    });
    const root = await browser.newBrowserCDPSession();
    const { browserContextId } = await root.send('Target.createBrowserContext');
    return new RawBrowser(browser, root, browserContextId);
  }

  /** Opens a tab in a window of its own. */
  async open(url: string): Promise<RawTab> {
    const { targetId } = await this.#root.send('Target.createTarget', {
      url,
      browserContextId: this.#contextId,
      newWindow: true,
    });
    const { sessionId } = await this.#root.send('Target.attachToTarget', { targetId, flatten: false });
    return new RawTab(this.#root, targetId, sessionId);
  }

  close(): Promise<void> {
    return this.#browser.close();
  }
}

/** One tab. */
export class RawTab {
  readonly #root: CDPSession;
  readonly #targetId: string;
  readonly #sessionId: string;
  readonly #waiting = new Map<number, (answer: Evaluation) => void>();
  #lastId = 0;

  constructor(root: CDPSession, targetId: string, sessionId: string) {
    this.#root = root;
    this.#targetId = targetId;
    this.#sessionId = sessionId;
    root.on('Target.receivedMessageFromTarget', (event) => {
      if (event.sessionId !== sessionId) return;
      const { id, result } = JSON.parse(event.message) as { id: number; result: Evaluation };
      this.#waiting.get(id)?.(result);
      this.#waiting.delete(id);
    });
  }

  /** Minimises the tab's window. */
  async hide(): Promise<void> {
    const { windowId } = await this.#root.send('Browser.getWindowForTarget', { targetId: this.#targetId });
    await this.#root.send('Browser.setWindowBounds', { windowId, bounds: { windowState: 'minimized' } });
  }

  /**
   * The value of an expression in the tab, awaited.
   * @throws {Error} with what the tab threw
   */
  async evaluate<T>(expression: string): Promise<T> {
    this.#lastId += 1;
    const id = this.#lastId;
    const answer = new Promise<Evaluation>((resolve) => this.#waiting.set(id, resolve));
    const params = { expression, awaitPromise: true, returnByValue: true };
    const message = JSON.stringify({ id, method: 'Runtime.evaluate', params });
    await this.#root.send('Target.sendMessageToTarget', { sessionId: this.#sessionId, message });
    const { result, exceptionDetails } = await answer;
    if (exceptionDetails !== undefined) throw new Error(`${expression}: ${JSON.stringify(exceptionDetails)}`);
    return result?.value as T;
  }
}
