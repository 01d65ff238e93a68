/** Building HTML from code. Text always goes in as text: nothing a player typed can become markup. */

/** What {@link el} sets besides children. */
export interface ElementOptions {
  readonly class?: string;
  /** Plain text. */
  readonly text?: string;
  readonly id?: string;
  readonly title?: string;
  /** Further attributes. */
  readonly attributes?: Readonly<Record<string, string>>;
  readonly onClick?: (event: MouseEvent) => void;
}

/** Makes an element. */
export function el<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  options: ElementOptions = {},
  ...children: readonly (Node | string)[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  if (options.class !== undefined) element.className = options.class;
  if (options.text !== undefined) element.textContent = options.text;
  if (options.id !== undefined) element.id = options.id;
  if (options.title !== undefined) element.title = options.title;
  for (const [name, value] of Object.entries(options.attributes ?? {})) element.setAttribute(name, value);
  const { onClick } = options;
  if (onClick !== undefined) element.addEventListener('click', onClick as (event: Event) => void);
  element.append(...children);
  return element;
}

const SVG = 'http://www.w3.org/2000/svg';

/** Makes an SVG picture of paths. */
export function svg(viewBox: string, paths: readonly Readonly<Record<string, string>>[]): SVGSVGElement {
  const picture = document.createElementNS(SVG, 'svg');
  picture.setAttribute('viewBox', viewBox);
  picture.setAttribute('aria-hidden', 'true');
  for (const attributes of paths) {
    const path = document.createElementNS(SVG, 'path');
    for (const [name, value] of Object.entries(attributes)) path.setAttribute(name, value);
    picture.append(path);
  }
  return picture;
}

/** The element that the page must have. */
export function need<T extends HTMLElement = HTMLElement>(id: string): T {
  const element = document.getElementById(id);
  if (element === null) throw new Error(`index.html has no element with the id "${id}".`);
  return element as T;
}
