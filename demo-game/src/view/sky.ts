/** The sky behind the arena: clouds of light. Stars fly in backdrop-scene.ts, or are painted in here where that is too dear. */
import { css } from './palette.js';

/** The sky in one opaque picture, stretched over the screen: three clouds of light, and noise against banding. */
export function paintSky(pen: CanvasRenderingContext2D, size: number): void {
  pen.fillStyle = '#05060f';
  pen.fillRect(0, 0, size, size);
  pen.globalCompositeOperation = 'lighter';
  const clouds = [
    [0.14, 0.22, 0.62, 0x231a78],
    [0.9, 0.84, 0.6, 0x5c0f4a],
    [0.8, 0.06, 0.5, 0x0a3b70],
    [0.3, 1, 0.45, 0x14225e],
    [0.5, 0.5, 0.4, 0x0c1440],
  ] as const;
  for (const [u, v, reach, color] of clouds) {
    const cloud = pen.createRadialGradient(u * size, v * size, 0, u * size, v * size, reach * size);
    for (let step = 0; step <= 8; step++) cloud.addColorStop(step / 8, css(color, (1 - step / 8) ** 2));
    pen.fillStyle = cloud;
    pen.fillRect(0, 0, size, size);
  }
  pen.globalCompositeOperation = 'source-over';
  const pixels = pen.getImageData(0, 0, size, size);
  for (let index = 0; index < pixels.data.length; index++) {
    if (index % 4 !== 3) pixels.data[index] = (pixels.data[index] as number) + (Math.random() * 5 - 2.5);
  }
  pen.putImageData(pixels, 0, 0);
}

const STARS = 130;

/** The sky with its stars as an element that never changes, for machines that should not draw it over and over. */
export function paintedSky(): HTMLCanvasElement {
  const canvas = document.createElement('canvas');
  canvas.className = 'sky';
  // As large as the screen can become: enlarged stars would be crumbs.
  canvas.width = Math.max(screen.width, screen.height, window.innerWidth, window.innerHeight);
  canvas.height = canvas.width;
  const pen = canvas.getContext('2d');
  if (pen === null) return canvas;
  paintSky(pen, canvas.width);
  for (let star = 0; star < STARS; star++) {
    const bright = Math.random() ** 2;
    pen.fillStyle = css(Math.random() < 0.3 ? 0x9fd8ff : 0xffffff, 0.25 + 0.6 * bright);
    pen.beginPath();
    pen.arc(Math.random() * canvas.width, Math.random() * canvas.height, 0.6 + bright, 0, Math.PI * 2);
    pen.fill();
  }
  return canvas;
}
