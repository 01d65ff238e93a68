/** Types of build.mjs, for tests written in TypeScript. */

/** What {@link buildDemo} takes. */
export interface BuildDemoOptions {
  /** Where index.html, style.css, main.js and its chunks go. */
  readonly outDir: string;
  /** Default true. */
  readonly minify?: boolean;
  /** Build again after each change of a script. Default false. */
  readonly watch?: boolean;
}

/** Builds the demo. `stop` ends the watching, if any. */
export declare function buildDemo(
  options: BuildDemoOptions,
): Promise<{ readonly outDir: string; readonly stop: () => Promise<void> }>;
