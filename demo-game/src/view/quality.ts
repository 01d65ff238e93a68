/** How much picture this machine can draw. */

/** What the stage is drawn with. */
export interface Quality {
  /** Canvas pixels per pixel of the page. */
  readonly density: number;
  /** Multisampled edges and mipmaps: free on a graphics card, dear without one. */
  readonly fine: boolean;
}

/** More canvas pixels per page pixel than this cost more than they show. */
const DENSITY_MAX = 2;
/** Without a graphics card every pixel is computed on the processor, which also has a match to run. */
const DENSITY_SOFTWARE = 0.5;

/** Chooses by the name of the graphics card, unless the address says otherwise. */
export function chooseQuality(asked: 'high' | 'low' | undefined): Quality {
  const fine = asked === undefined ? !drawsInSoftware() : asked === 'high';
  const density = Math.min(DENSITY_MAX, window.devicePixelRatio || 1);
  return fine ? { density, fine } : { density: Math.min(density, 1) * DENSITY_SOFTWARE, fine };
}

function drawsInSoftware(): boolean {
  const context = document.createElement('canvas').getContext('webgl');
  if (context === null) return true;
  const extension = context.getExtension('WEBGL_debug_renderer_info');
  const name: unknown = context.getParameter(extension?.UNMASKED_RENDERER_WEBGL ?? context.RENDERER);
  context.getExtension('WEBGL_lose_context')?.loseContext();
  return /swiftshader|llvmpipe|softpipe|software|basic render/i.test(String(name));
}
