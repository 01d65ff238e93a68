/** Types of find-browser.mjs, for tests written in TypeScript. */

/** A Chromium that can be launched. */
export interface FoundBrowser {
  readonly executablePath: string;
  /** To be added to the environment of the launch. */
  readonly env: Readonly<Record<string, string>>;
  readonly source: 'BROWSER_PATH' | 'installed' | 'playwright-cache' | 'npm';
}

/** Shown when nothing was found. */
export declare const NO_BROWSER_MESSAGE: string;
/** Flags every launch needs. */
export declare const BROWSER_ARGS: readonly string[];
/** The browser to test with, undefined if there is none. */
export declare function findBrowser(): FoundBrowser | undefined;
/** The browser to test with. @throws {Error} with {@link NO_BROWSER_MESSAGE} */
export declare function requireBrowser(): FoundBrowser;
