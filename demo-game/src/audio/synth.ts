/**
 * Sound without files: oscillators and one buffer of noise. Browsers allow sound only after the player has touched
 * the page, so nothing exists before that.
 */

/** One voice. Times in seconds, frequencies in Hz. */
export interface Tone {
  readonly type?: OscillatorType;
  readonly from: number;
  /** Frequency at the end; without it the same. */
  readonly to?: number;
  readonly seconds: number;
  /** 0 to 1. */
  readonly volume: number;
  /** Later than now. */
  readonly delay?: number;
  /** -1 (left) to 1 (right). */
  readonly pan?: number;
  readonly attack?: number;
}

/** A burst of filtered noise. */
export interface Hiss extends Omit<Tone, 'type'> {
  readonly filter?: BiquadFilterType;
  /** How narrow the filter is. */
  readonly q?: number;
}

const MASTER_VOLUME = 0.5;

/** See the head of this file. */
export class Synth {
  #context: AudioContext | undefined;
  #out: GainNode | undefined;
  #noise: AudioBuffer | undefined;
  #muted = false;

  constructor() {
    const wake = (): void => this.#wake();
    for (const type of ['pointerdown', 'keydown', 'touchend'] as const) {
      window.addEventListener(type, wake, { capture: true, passive: true });
    }
  }

  get muted(): boolean {
    return this.#muted;
  }

  set muted(muted: boolean) {
    this.#muted = muted;
    if (this.#out !== undefined && this.#context !== undefined) {
      this.#out.gain.setTargetAtTime(muted ? 0 : MASTER_VOLUME, this.#context.currentTime, 0.03);
    }
  }

  #wake(): void {
    if (this.#context === undefined) this.#open();
    if (this.#context?.state === 'suspended') void this.#context.resume();
  }

  #open(): void {
    if (typeof AudioContext !== 'function') return;
    const context = new AudioContext({ latencyHint: 'interactive' });
    const out = context.createGain();
    out.gain.value = this.#muted ? 0 : MASTER_VOLUME;
    // Eight pucks at once should get denser, not clip.
    const limiter = context.createDynamicsCompressor();
    limiter.threshold.value = -16;
    limiter.ratio.value = 8;
    out.connect(limiter).connect(context.destination);
    const noise = context.createBuffer(1, context.sampleRate, context.sampleRate);
    const samples = noise.getChannelData(0);
    for (let index = 0; index < samples.length; index++) samples[index] = Math.random() * 2 - 1;
    this.#context = context;
    this.#out = out;
    this.#noise = noise;
  }

  /** Plays an oscillator that glides. Silent before the first touch. */
  tone(tone: Tone): void {
    const context = this.#context;
    if (context === undefined || this.#muted) return;
    const start = context.currentTime + (tone.delay ?? 0);
    const voice = context.createOscillator();
    voice.type = tone.type ?? 'sine';
    glide(voice.frequency, tone, start);
    this.#play(voice, tone, start);
  }

  /** Plays noise through a filter that glides. */
  hiss(hiss: Hiss): void {
    const context = this.#context;
    if (context === undefined || this.#noise === undefined || this.#muted) return;
    const start = context.currentTime + (hiss.delay ?? 0);
    const voice = context.createBufferSource();
    voice.buffer = this.#noise;
    voice.loop = true;
    const filter = context.createBiquadFilter();
    filter.type = hiss.filter ?? 'bandpass';
    filter.Q.value = hiss.q ?? 1;
    glide(filter.frequency, hiss, start);
    this.#play(voice, hiss, start, filter);
  }

  #play(voice: AudioScheduledSourceNode, tone: Tone | Hiss, start: number, filter?: AudioNode): void {
    const context = this.#context as AudioContext;
    const gain = context.createGain();
    const attack = tone.attack ?? 0.004;
    gain.gain.setValueAtTime(0, start);
    gain.gain.linearRampToValueAtTime(tone.volume, start + attack);
    gain.gain.exponentialRampToValueAtTime(0.0008, start + attack + tone.seconds);
    const pan = context.createStereoPanner();
    pan.pan.value = Math.max(-1, Math.min(1, tone.pan ?? 0));
    (filter === undefined ? voice : voice.connect(filter))
      .connect(gain)
      .connect(pan)
      .connect(this.#out as GainNode);
    voice.start(start);
    voice.stop(start + attack + tone.seconds + 0.02);
  }
}

function glide(parameter: AudioParam, tone: Tone | Hiss, start: number): void {
  parameter.setValueAtTime(tone.from, start);
  if (tone.to !== undefined)
    parameter.exponentialRampToValueAtTime(Math.max(1, tone.to), start + tone.seconds);
}
