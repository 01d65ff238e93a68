/** What each cue sounds like. Positions pan a little; force decides pitch and loudness. */
import { type Cue, NOBODY, type RumbleEffects } from '../game/index.js';
import type { Synth } from './synth.js';

/** Arena units from the middle to full left or right. */
const PAN_REACH = 420;

/** Plays a cue. `mine` are the slots that people at this page steer: what concerns them is a little louder. */
export function playCue(synth: Synth, cue: Cue, mine: readonly number[]): void {
  switch (cue.name) {
    case 'count':
      synth.tone({ type: 'triangle', from: 330, seconds: 0.16, volume: 0.4 });
      synth.tone({ type: 'sine', from: 660, seconds: 0.1, volume: 0.16 });
      break;
    case 'go':
      for (const from of [523, 659, 784]) synth.tone({ type: 'sawtooth', from, seconds: 0.4, volume: 0.13 });
      synth.hiss({ from: 900, to: 5200, seconds: 0.4, volume: 0.18 });
      break;
    case 'dash':
      playDash(synth, cue.data, mine.includes(cue.data.slot));
      break;
    case 'hit':
      playHit(synth, cue.data, mine.includes(cue.data.a) || mine.includes(cue.data.b));
      break;
    case 'fall':
      playFall(synth, cue.data);
      break;
    case 'warning':
      for (const [step, from] of [880, 660, 880, 660].entries()) {
        synth.tone({ type: 'square', from, seconds: 0.1, volume: 0.07, delay: step * 0.14 });
      }
      break;
    case 'shrink':
      synth.hiss({ filter: 'lowpass', from: 420, to: 60, seconds: 1.1, volume: 0.5 });
      synth.tone({ from: 70, to: 34, seconds: 1, volume: 0.5 });
      break;
    case 'round-won':
      arpeggio(synth, mine.includes(cue.data.slot) ? [523, 659, 784, 1047] : [392, 494, 587, 784], 0.09);
      break;
    case 'draw':
      arpeggio(synth, [392, 370, 349, 330], 0.12);
      break;
    case 'match-won':
      arpeggio(synth, [523, 523, 659, 784, 1047, 784, 1047, 1319], 0.12);
      synth.hiss({ from: 2400, to: 6000, seconds: 1.2, volume: 0.08, delay: 0.5 });
      break;
    case 'ready':
    case 'welcome':
      synth.tone({ type: 'triangle', from: 587, to: 880, seconds: 0.16, volume: 0.25 });
      break;
    case 'gone':
      synth.tone({ type: 'triangle', from: 440, to: 160, seconds: 0.4, volume: 0.25 });
      break;
    case 'round':
      synth.hiss({ from: 300, to: 1800, seconds: 0.5, volume: 0.07, attack: 0.3 });
  }
}

function playDash(synth: Synth, { x }: RumbleEffects['dash'], mine: boolean): void {
  const volume = mine ? 0.34 : 0.16;
  const pan = x / PAN_REACH;
  synth.hiss({ from: 500, to: 3600, seconds: 0.22, volume, pan, q: 0.8 });
  synth.tone({ type: 'sawtooth', from: 110, to: 260, seconds: 0.16, volume: volume * 0.4, pan });
}

function playHit(synth: Synth, { x, impulse, dash }: RumbleEffects['hit'], mine: boolean): void {
  const power = Math.min(1, impulse / 15);
  const pan = x / PAN_REACH;
  const volume = (0.12 + 0.75 * power) * (mine ? 1 : 0.6);
  synth.tone({ from: 190 - 70 * power, to: 42, seconds: 0.12 + 0.16 * power, volume, pan, attack: 0.002 });
  synth.hiss({ filter: 'highpass', from: 1800, seconds: 0.05, volume: volume * 0.35, pan, attack: 0.001 });
  if (dash) synth.tone({ type: 'square', from: 520, to: 90, seconds: 0.13, volume: 0.1 * power + 0.03, pan });
  if (power > 0.6)
    synth.hiss({ filter: 'lowpass', from: 900, to: 90, seconds: 0.4, volume: 0.3 * power, pan });
}

function playFall(synth: Synth, { x, by }: RumbleEffects['fall']): void {
  const pan = x / PAN_REACH;
  synth.tone({ type: 'sawtooth', from: 620, to: 55, seconds: 0.75, volume: 0.16, pan });
  synth.tone({ from: 110, to: 30, seconds: 0.6, volume: 0.6, pan });
  synth.hiss({ filter: 'lowpass', from: 2600, to: 120, seconds: 0.8, volume: 0.42, pan });
  if (by !== NOBODY)
    synth.tone({ type: 'triangle', from: 988, seconds: 0.22, volume: 0.16, delay: 0.08, pan });
}

function arpeggio(synth: Synth, notes: readonly number[], step: number): void {
  for (const [index, from] of notes.entries()) {
    const delay = index * step;
    synth.tone({ type: 'triangle', from, seconds: 0.28, volume: 0.26, delay });
    synth.tone({ type: 'square', from: from / 2, seconds: 0.2, volume: 0.06, delay });
  }
}
