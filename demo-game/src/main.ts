/** Starts the page: reads its address, opens the stage if there is to be a picture, and hands over to the app. */
import { App } from './app.js';
import { need } from './dom.js';
import { Toasts } from './hud/toasts.js';
import { readAddress } from './net/address.js';
import { darkStage, type Stage } from './stage-types.js';

/** The stage is a chunk of its own (Phaser is most of it): the menu stands while it loads. */
async function openStage(parent: HTMLElement, quality: 'high' | 'low' | undefined): Promise<Stage> {
  const stage = await import('./stage.js');
  return stage.openStage(parent, quality);
}

const address = readAddress(location.href);
document.body.classList.toggle('no-draw', !address.draw);
const { lateStage, fill } = holdStage();
const opening = address.draw
  ? openStage(need('stage'), address.quality).then(fill, noPicture)
  : Promise.resolve();
const app = new App({
  address,
  stage: address.draw ? lateStage : darkStage,
  stageReady: opening,
  screens: need('screens'),
  hud: need('hud'),
  toasts: need('toasts'),
});
app.begin();

/** The game runs without its picture too (others may be playing with us); say so instead of showing nothing. */
function noPicture(error: unknown): void {
  console.error('The picture could not be opened:', error);
  document.body.classList.add('no-draw');
  new Toasts(need('toasts')).show('This browser could not open the picture. Is WebGL switched off?', 'bad');
}

/** A stage that remembers what it was last told until the real one is there. */
function holdStage(): { readonly lateStage: Stage; readonly fill: (stage: Stage) => void } {
  let real: Stage | undefined;
  let watched: Parameters<Stage['watch']> | undefined;
  let insets: Parameters<Stage['setInsets']> | undefined;
  const lateStage: Stage = {
    watch: (...told) => {
      watched = told;
      real?.watch(...told);
    },
    show: (cue) => real?.show(cue),
    setInsets: (...told) => {
      insets = told;
      real?.setInsets(...told);
    },
    close: () => real?.close(),
  };
  const fill = (stage: Stage): void => {
    real = stage;
    if (watched !== undefined) stage.watch(...watched);
    if (insets !== undefined) stage.setInsets(...insets);
  };
  return { lateStage, fill };
}
