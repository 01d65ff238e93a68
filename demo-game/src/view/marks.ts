/** The eight marks as canvas paths: drawn on pucks by textures.ts and on score cards by the HUD. */
import type { Mark } from './palette.js';

/** The part of a canvas (or of a recorder of SVG paths) that a mark needs. */
export interface PathPen {
  moveTo(x: number, y: number): void;
  lineTo(x: number, y: number): void;
  closePath(): void;
}

const CORNERS: { readonly [M in Mark]: readonly (readonly [number, number])[][] } = {
  triangle: [regular(3, 1.06, -0.25)],
  square: [regular(4, 1.05, 0.125)],
  circle: [regular(28, 0.86, 0)],
  diamond: [
    [
      [0, -1.1],
      [0.78, 0],
      [0, 1.1],
      [-0.78, 0],
    ],
  ],
  star: [star(5, 1.12, 0.5)],
  hexagon: [regular(6, 1, 0)],
  cross: [cross(0.34, 1)],
  bars: [bar(-0.62), bar(0), bar(0.62)],
};

/** Adds the outline of a mark around (0, 0) with about the given radius to the current path of `pen`. */
export function traceMark(pen: PathPen, mark: Mark, radius: number): void {
  for (const outline of CORNERS[mark]) {
    outline.forEach(([x, y], index) => {
      if (index === 0) pen.moveTo(x * radius, y * radius);
      else pen.lineTo(x * radius, y * radius);
    });
    pen.closePath();
  }
}

/** The same as the `d` of an SVG path. */
export function markPath(mark: Mark, radius: number): string {
  const parts: string[] = [];
  const number = (value: number): string => String(Math.round(value * 100) / 100);
  traceMark(
    {
      moveTo: (x, y) => void parts.push(`M${number(x)} ${number(y)}`),
      lineTo: (x, y) => void parts.push(`L${number(x)} ${number(y)}`),
      closePath: () => void parts.push('Z'),
    },
    mark,
    radius,
  );
  return parts.join('');
}

function regular(corners: number, radius: number, turn: number): (readonly [number, number])[] {
  return Array.from({ length: corners }, (_, index) => {
    const angle = (index / corners + turn) * Math.PI * 2;
    return [Math.cos(angle) * radius, Math.sin(angle) * radius] as const;
  });
}

function star(points: number, outer: number, inner: number): (readonly [number, number])[] {
  return Array.from({ length: points * 2 }, (_, index) => {
    const radius = index % 2 === 0 ? outer : inner;
    const angle = (index / (points * 2) - 0.25) * Math.PI * 2;
    return [Math.cos(angle) * radius, Math.sin(angle) * radius] as const;
  });
}

function cross(half: number, long: number): (readonly [number, number])[] {
  const corners = [
    [-half, -long],
    [half, -long],
    [half, -half],
    [long, -half],
    [long, half],
    [half, half],
    [half, long],
    [-half, long],
    [-half, half],
    [-long, half],
    [-long, -half],
    [-half, -half],
  ] as const;
  // Turned by an eighth: an X is told from a plus-like sparkle at once.
  return corners.map(([x, y]) => [(x - y) * Math.SQRT1_2, (x + y) * Math.SQRT1_2] as const);
}

function bar(x: number): (readonly [number, number])[] {
  return [
    [x - 0.2, -0.85],
    [x + 0.2, -0.85],
    [x + 0.2, 0.85],
    [x - 0.2, 0.85],
  ];
}
