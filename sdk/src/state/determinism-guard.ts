/**
 * Development only: reports calls that differ between engines, machines or repetitions while a step runs.
 *
 * The traps are put over the globals once and stay, because swapping them around every step makes engines give up
 * their fast paths for good (measured: a step stays twice as slow after the traps are gone). So production never asks
 * for the guard. Outside a step every trapped call behaves as before. What cannot be trapped: `**`, `for`-`in` over
 * changing objects, `toString(radix)` of fractions; the lint rules and the sync test are for those.
 */

/** One call that a step should not make. */
export interface DeterminismReport {
  /** Such as `Math.sin`, `Date.now`, `new Date`, `Array.prototype.sort`. */
  readonly call: string;
  /** The frame being computed. */
  readonly frame: number;
  /** What is wrong with it, and what to use instead. */
  readonly message: string;
}

/** Watches the steps of one session. Reports every call name once. */
export interface DeterminismGuard {
  /** A step of this frame begins: trapped calls go to `report` until {@link leave}. Steps may be nested. */
  enter(frame: number, report: (report: DeterminismReport) => void): void;
  /** The step has ended, also by an exception. */
  leave(): void;
}

/**
 * Puts the traps over the globals (the first time) and returns a guard for one session.
 * The traps stay for the life of the page.
 */
export function installDeterminismGuard(): DeterminismGuard {
  if (!isInstalled) {
    isInstalled = true;
    installTraps();
  }
  return new Guard();
}

/** A step in progress. */
interface GuardedStep {
  readonly guard: Guard;
  readonly frame: number;
  readonly report: (report: DeterminismReport) => void;
}

let isInstalled = false;
/** Innermost last: a game may run a session of its own inside a step, as the sync test's tests do. */
const steps: GuardedStep[] = [];

class Guard implements DeterminismGuard {
  readonly reported = new Set<string>();

  enter(frame: number, report: (report: DeterminismReport) => void): void {
    steps.push({ guard: this, frame, report });
  }

  leave(): void {
    if (steps[steps.length - 1]?.guard === this) steps.pop();
  }
}

function note(call: string, reason: string): void {
  const step = steps[steps.length - 1];
  if (step === undefined || step.guard.reported.has(call)) return;
  step.guard.reported.add(call);
  step.report({ call, frame: step.frame, message: `${call} in frame ${step.frame}: ${reason}` });
}

const RANDOM = 'it gives other numbers on every peer and in every rollback. Use random of the step instead.';
const CLOCK = 'peers and repetitions read different times. Count frames instead: frame / framesPerSecond.';
const TIMER = 'it runs outside the rollback. Keep a frame number in the state and compare it in step.';
const TEXT = 'it depends on the language of the machine. Compare or format with < and String().';
const mathReason = (name: string): string =>
  `engines and processors round it differently. Use ${MATH_NAMES.includes(name) ? `${name} of rollmesh/math` : 'the functions of rollmesh/math'}.`;

/** What rollmesh/math offers under the same name. */
const MATH_NAMES = 'sin cos tan asin acos atan atan2 exp log log2 log10 pow cbrt hypot'.split(' ');
const MATH_OTHERS = 'sinh cosh tanh asinh acosh atanh expm1 log1p'.split(' ');

type Callable = (this: unknown, ...args: unknown[]) => unknown;
type Holder = Record<string, unknown>;

function installTraps(): void {
  const globals = globalThis as unknown as Holder;
  for (const name of [...MATH_NAMES, ...MATH_OTHERS]) trap('Math', name, mathReason(name));
  trap('Math', 'random', RANDOM);
  trap('crypto', 'getRandomValues', RANDOM);
  trap('crypto', 'randomUUID', RANDOM);
  trap('Date', 'now', CLOCK);
  trap('performance', 'now', CLOCK);
  for (const name of ['setTimeout', 'setInterval', 'queueMicrotask', 'requestAnimationFrame'])
    replace(globals, name, (original) => counted(original, name, TIMER));
  replace(globals, 'fetch', (original) =>
    counted(
      original,
      'fetch',
      'answers arrive at different times. Load before the match, or agree through options.',
    ),
  );
  replaceMethod('String', 'localeCompare', (original) => counted(original, 'localeCompare', TEXT));
  replaceMethod('Number', 'toLocaleString', (original) => counted(original, 'toLocaleString', TEXT));
  for (const name of ['sort', 'toSorted'])
    replaceMethod('Array', name, (original) => checkedSort(original, name));
  trapDate(globals);
}

/** Traps `owner.name` of the globals. */
function trap(owner: string, name: string, reason: string): void {
  const holder = (globalThis as unknown as Holder)[owner];
  if (holder !== undefined)
    replace(holder, name, (original) => counted(original, `${owner}.${name}`, reason));
}

function replaceMethod(type: string, name: string, wrap: (original: Callable) => Callable): void {
  const owner = (globalThis as unknown as Holder)[type] as { readonly prototype: object };
  replace(owner.prototype, name, wrap);
}

/** Puts a wrapper in place of a function, unless it is missing or the page has locked it. */
function replace(holder: unknown, name: string, wrap: (original: Callable) => Callable): void {
  const original = (holder as Holder)[name];
  if (typeof original !== 'function') return;
  const wrapper = wrap(original as Callable);
  // Node keeps extras such as util.promisify's on its timers.
  for (const key of Reflect.ownKeys(original)) {
    const own = Object.getOwnPropertyDescriptor(original, key);
    if (own !== undefined && key !== 'prototype') Reflect.defineProperty(wrapper, key, own);
  }
  const descriptor = { value: wrapper, writable: true, configurable: true };
  const enumerable = Object.prototype.propertyIsEnumerable.call(holder, name);
  Reflect.defineProperty(holder as object, name, { ...descriptor, enumerable });
}

function counted(original: Callable, call: string, reason: string): Callable {
  return function (this: unknown, ...args: unknown[]): unknown {
    if (steps.length > 0) note(call, reason);
    return Reflect.apply(original, this, args);
  };
}

/** `new Date()` and `Date()` read the clock; `new Date(value)` does not. */
function trapDate(globals: Holder): void {
  const original = globals['Date'];
  if (typeof original !== 'function') return;
  const proxy = new Proxy(original, {
    construct(target, args, newTarget): object {
      if (steps.length > 0 && args.length === 0) note('new Date', CLOCK);
      return Reflect.construct(target, args, newTarget) as object;
    },
    apply(target, self, args): unknown {
      if (steps.length > 0) note('Date', CLOCK);
      return Reflect.apply(target, self, args);
    },
  });
  Reflect.defineProperty(globals, 'Date', {
    value: proxy,
    writable: true,
    configurable: true,
    enumerable: false,
  });
}

type Comparator = (left: unknown, right: unknown) => unknown;

/**
 * Engines sort alike only if the comparator is a consistent order. Checked on the result: neighbours must compare
 * the same way round in both directions. The extra calls cannot harm a comparator that is pure, as it has to be.
 */
function checkedSort(original: Callable, name: string): Callable {
  const call = `Array.prototype.${name}`;
  return function (this: unknown, ...args: unknown[]): unknown {
    const compare = args[0];
    if (steps.length === 0 || typeof compare !== 'function') return Reflect.apply(original, this, args);
    let isNumeric = true;
    const watched: Comparator = (left, right) => {
      const order = (compare as Comparator)(left, right);
      if (typeof order !== 'number' || Number.isNaN(order)) isNumeric = false;
      return order;
    };
    const sorted = Reflect.apply(original, this, [watched]) as ArrayLike<unknown>;
    if (!isNumeric)
      note(
        call,
        'the comparator returns no number (a boolean, perhaps); engines then sort differently. Return a negative number, 0 or a positive number.',
      );
    else if (!isConsistentlySorted(sorted, compare as Comparator))
      note(
        call,
        'the comparator contradicts itself; engines then sort differently. Make compare(a, b) the opposite of compare(b, a).',
      );
    return sorted;
  };
}

function isConsistentlySorted(sorted: ArrayLike<unknown>, compare: Comparator): boolean {
  for (let index = 1; index < sorted.length; index += 1) {
    const left = sorted[index - 1];
    const right = sorted[index];
    if (left === undefined || right === undefined) continue;
    const order = Math.sign(compare(left, right) as number);
    if (order > 0 || Math.sign(compare(right, left) as number) !== -order) return false;
  }
  return true;
}
