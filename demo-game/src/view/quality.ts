/** How much picture this machine can draw. */

/** What the stage is drawn with. */
export interface Quality {
  /** Canvas pixels per pixel of the page. */
  readonly density: number;
  /** Each time drawing is too slow for a while, the density is multiplied by this, down to the floor. */
  readonly coarser: number;
  readonly densityMin: number;
  /**
   * All the light there is, smooth edges, mipmaps, every frame. Free on a graphics card; without one every pixel is
   * computed on the processor, which also has a match to run, so large see-through pictures are left out or painted once.
   */
  readonly fine: boolean;
}

/** More canvas pixels per page pixel than this cost more than they show. */
const DENSITY_MAX = 2;

/** Chooses by the name of the graphics card, unless the address says otherwise. */
export function chooseQuality(asked: 'high' | 'low' | undefined): Quality {
  const fine = asked === undefined ? !drawsInSoftware() : asked === 'high';
  const density = Math.min(DENSITY_MAX, window.devicePixelRatio || 1);
  if (fine) return { density, coarser: 0.75, densityMin: 0.4, fine };
  // Without a card browsers also enlarge canvases without smoothing: halves look better than three quarters.
  return { density: 1, coarser: 0.5, densityMin: 0.5, fine };
}

function drawsInSoftware(): boolean {
  const context = document.createElement('canvas').getContext('webgl');
  if (context === null) return true;
  const extension = context.getExtension('WEBGL_debug_renderer_info');
  const name: unknown = context.getParameter(extension?.UNMASKED_RENDERER_WEBGL ?? context.RENDERER);
  context.getExtension('WEBGL_lose_context')?.loseContext();
  return /swiftshader|llvmpipe|softpipe|software|basic render/i.test(String(name));
}
